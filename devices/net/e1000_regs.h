/*
 * Registers and descriptors of the Intel 82540EM (PCI/PCI-X Family of Gigabit
 * Ethernet Controllers Software Developer's Manual, revision 4.0, chapters 3, 5,
 * 8 and 13).
 */
#ifndef PIOEMU_E1000_REGS_H
#define PIOEMU_E1000_REGS_H

#define E1000_VENDOR      0x8086
#define E1000_DEVICE      0x100e
#define E1000_MEMORY_SIZE 0x20000u
#define E1000_PORTS       0x40u
#define E1000_IOADDR      0x0u
#define E1000_IODATA      0x4u

#define E1000_CTRL     0x0000u
#define E1000_STATUS   0x0008u
#define E1000_EECD     0x0010u
#define E1000_EERD     0x0014u
#define E1000_CTRL_EXT 0x0018u
#define E1000_MDIC     0x0020u
#define E1000_FCAL     0x0028u
#define E1000_FCAH     0x002cu
#define E1000_FCT      0x0030u
#define E1000_VET      0x0038u
#define E1000_ICR      0x00c0u
#define E1000_ITR      0x00c4u
#define E1000_ICS      0x00c8u
#define E1000_IMS      0x00d0u
#define E1000_IMC      0x00d8u
#define E1000_RCTL     0x0100u
#define E1000_FCTTV    0x0170u
#define E1000_TXCW     0x0178u
#define E1000_TCTL     0x0400u
#define E1000_TIPG     0x0410u
#define E1000_AIFS     0x0458u
#define E1000_LEDCTL   0x0e00u
#define E1000_PBA      0x1000u
#define E1000_FCRTL    0x2160u
#define E1000_FCRTH    0x2168u
#define E1000_RDBAL    0x2800u
#define E1000_RDBAH    0x2804u
#define E1000_RDLEN    0x2808u
#define E1000_RDH      0x2810u
#define E1000_RDT      0x2818u
#define E1000_RDTR     0x2820u
#define E1000_RXDCTL   0x2828u
#define E1000_RADV     0x282cu
#define E1000_RSRPD    0x2c00u
#define E1000_TDBAL    0x3800u
#define E1000_TDBAH    0x3804u
#define E1000_TDLEN    0x3808u
#define E1000_TDH      0x3810u
#define E1000_TDT      0x3818u
#define E1000_TIDV     0x3820u
#define E1000_TXDCTL   0x3828u
#define E1000_TADV     0x382cu
#define E1000_TSPMT    0x3830u
#define E1000_STATS    0x4000u
#define E1000_RXCSUM   0x5000u
#define E1000_MTA      0x5200u
#define E1000_RA       0x5400u
#define E1000_VFTA     0x5600u
#define E1000_WUC      0x5800u
#define E1000_WUFC     0x5808u
#define E1000_MANC     0x5820u

#define E1000_STATS_COUNT 64u
#define E1000_MTA_COUNT   128u
#define E1000_RA_COUNT    32u /* two words for each of 16 addresses */
#define E1000_VFTA_COUNT  128u

/* Statistics, as words from E1000_STATS. */
#define E1000_STAT_MPC   0x04u
#define E1000_STAT_PRC64 0x17u /* six, by size */
#define E1000_STAT_GPRC  0x1du
#define E1000_STAT_BPRC  0x1eu
#define E1000_STAT_MPRC  0x1fu
#define E1000_STAT_GPTC  0x20u
#define E1000_STAT_GORCL 0x22u /* and the upper half behind it, as those below */
#define E1000_STAT_GOTCL 0x24u
#define E1000_STAT_TORL  0x30u
#define E1000_STAT_TOTL  0x32u
#define E1000_STAT_TPR   0x34u
#define E1000_STAT_TPT   0x35u
#define E1000_STAT_PTC64 0x36u
#define E1000_STAT_MPTC  0x3cu
#define E1000_STAT_BPTC  0x3du
#define E1000_STAT_TSCTC 0x3eu

#define E1000_CTRL_FD        0x00000001u
#define E1000_CTRL_SLU       0x00000040u
#define E1000_CTRL_RST       0x04000000u
#define E1000_CTRL_VME       0x40000000u
#define E1000_CTRL_PHY_RST   0x80000000u
#define E1000_STATUS_FD      0x00000001u
#define E1000_STATUS_LU      0x00000002u
#define E1000_STATUS_1000    0x00000280u /* SPEED and ASDV */
#define E1000_CTRL_EXT_EERST 0x00002000u

#define E1000_EECD_SK      0x01u
#define E1000_EECD_CS      0x02u
#define E1000_EECD_DI      0x04u
#define E1000_EECD_DO      0x08u
#define E1000_EECD_REQ     0x40u
#define E1000_EECD_GNT     0x80u
#define E1000_EECD_PRES    0x100u
#define E1000_EERD_START   0x01u
#define E1000_EERD_DONE    0x10u
#define E1000_EEPROM_WORDS 64u
#define E1000_EEPROM_SUM   0xbabau
#define E1000_EEPROM_READ  2u

#define E1000_MDIC_WRITE  1u
#define E1000_MDIC_READ   2u
#define E1000_MDIC_READY  0x10000000u
#define E1000_MDIC_INT    0x20000000u
#define E1000_MDIC_ERROR  0x40000000u
#define E1000_PHY_ADDRESS 1u

#define E1000_ICR_TXDW   0x0001u
#define E1000_ICR_TXQE   0x0002u
#define E1000_ICR_LSC    0x0004u
#define E1000_ICR_RXDMT0 0x0010u
#define E1000_ICR_RXO    0x0040u
#define E1000_ICR_RXT0   0x0080u
#define E1000_ICR_MDAC   0x0200u
#define E1000_ICR_ALL    0x1ffffu
#define E1000_ITR_NS     256u

#define E1000_RCTL_EN          0x00000002u
#define E1000_RCTL_UPE         0x00000008u
#define E1000_RCTL_MPE         0x00000010u
#define E1000_RCTL_LPE         0x00000020u
#define E1000_RCTL_LBM         0x000000c0u
#define E1000_RCTL_RDMTS_SHIFT 8u
#define E1000_RCTL_MO_SHIFT    12u
#define E1000_RCTL_BAM         0x00008000u
#define E1000_RCTL_BSIZE_SHIFT 16u
#define E1000_RCTL_VFE         0x00040000u
#define E1000_RCTL_BSEX        0x02000000u
#define E1000_RCTL_SECRC       0x04000000u
#define E1000_TCTL_EN          0x00000002u
#define E1000_TCTL_PSP         0x00000008u
#define E1000_RAH_AV           0x80000000u
#define E1000_RXCSUM_IPOFL     0x100u
#define E1000_RXCSUM_TUOFL     0x200u

/* Descriptors have 16 bytes: an address of 64 bits, and two words of 32. */
#define E1000_DESCRIPTOR 16u
#define E1000_RXD_DD     0x01u
#define E1000_RXD_EOP    0x02u
#define E1000_RXD_IXSM   0x04u
#define E1000_RXD_VP     0x08u
#define E1000_RXD_TCPCS  0x20u
#define E1000_RXD_IPCS   0x40u
#define E1000_RXD_TCPE   0x20u
#define E1000_RXD_IPE    0x40u
#define E1000_TXD_DD     0x01u
/* The command, in bits 31:24 of the first word. */
#define E1000_TXD_EOP           0x01000000u
#define E1000_TXD_IFCS          0x02000000u
#define E1000_TXD_IC            0x04000000u /* of a legacy descriptor */
#define E1000_TXD_TSE           0x04000000u
#define E1000_TXD_RS            0x08000000u
#define E1000_TXD_DEXT          0x20000000u
#define E1000_TXD_VLE           0x40000000u
#define E1000_TXD_DATA          0x00100000u /* DTYP */
#define E1000_TXD_TYPE          0x00f00000u
#define E1000_TXD_LENGTH        0x000fffffu
#define E1000_TXD_LEGACY_LENGTH 0xffffu
#define E1000_CONTEXT_TCP       0x01000000u
#define E1000_CONTEXT_IP        0x02000000u /* IPv4 */
#define E1000_POPTS_IXSM        0x100u
#define E1000_POPTS_TXSM        0x200u

#endif
