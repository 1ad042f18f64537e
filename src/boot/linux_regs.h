/*
 * The Linux setup header and zero page, under the names of boot.rst and
 * zero-page.rst.  The offsets are the same in the image and in the page.
 */
#ifndef PIOEMU_BOOT_LINUX_REGS_H
#define PIOEMU_BOOT_LINUX_REGS_H

#define LINUX_ACPI_RSDP       0x070
#define LINUX_ALT_MEM_K       0x1e0
#define LINUX_E820_ENTRIES    0x1e8
#define LINUX_SETUP_SECTS     0x1f1
#define LINUX_BOOT_FLAG       0x1fe
#define LINUX_JUMP            0x200
#define LINUX_JUMP_SHORT      0xeb
#define LINUX_HEADER          0x202
#define LINUX_VERSION         0x206
#define LINUX_TYPE_OF_LOADER  0x210
#define LINUX_LOADFLAGS       0x211
#define LINUX_CODE32_START    0x214
#define LINUX_RAMDISK_IMAGE   0x218
#define LINUX_RAMDISK_SIZE    0x21c
#define LINUX_HEAP_END_PTR    0x224
#define LINUX_CMD_LINE_PTR    0x228
#define LINUX_INITRD_ADDR_MAX 0x22c
#define LINUX_XLOADFLAGS      0x236
#define LINUX_CMDLINE_SIZE    0x238
#define LINUX_PREF_ADDRESS    0x258
#define LINUX_INIT_SIZE       0x260
#define LINUX_HEADER_MAX      0x290 /* the signature buffer follows */
#define LINUX_E820_TABLE      0x2d0
#define LINUX_E820_SIZE       20

#define LINUX_BOOT_FLAG_MAGIC 0xaa55
#define LINUX_HEADER_MAGIC    0x53726448 /* "HdrS" */
#define LINUX_2_02            0x0202
#define LINUX_2_03            0x0203
#define LINUX_2_06            0x0206
#define LINUX_2_10            0x020a
#define LINUX_2_12            0x020c

#define LINUX_LOADER_UNKNOWN 0xff
#define LINUX_LOADED_HIGH    0x01
#define LINUX_CAN_USE_HEAP   0x80
#define LINUX_XLF_KERNEL_64  0x0001
/* The offset of the 64-bit entry from the 32-bit one. */
#define LINUX_ENTRY_64 0x200

#endif
