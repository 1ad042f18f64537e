/*
 * The part of the DSDT that does not depend on what is plugged in: the PCI bus, the
 * routing of its four interrupts by the PIIX3, and the sleep state for power-off.
 * acpi_dsdt.c has what `iasl -oa` makes of it, and appends \_SB.PCI0._PRT.
 */
DefinitionBlock ("", "DSDT", 1, "PIOEMU", "ISA PC  ", 0)
{
    Name (\_S5, Package (4) { 0, 0, 0, 0 })
    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xff, 0, 0x100)
                IO (Decode16, 0x0cf8, 0x0cf8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                        0, 0, 0x0cf7, 0, 0x0cf8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                        0, 0x0d00, 0xffff, 0, 0xf300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                             ReadWrite, 0, 0x000a0000, 0x000bffff, 0, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                             ReadWrite, 0, 0xe0000000, 0xfebfffff, 0, 0x1ec00000)
            })
            Device (ISA)
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 4)
                Field (PIRQ, ByteAcc, NoLock, Preserve) { PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8 }
                Name (IRQS, ResourceTemplate ()
                {
                    Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 5, 10, 11 }
                })
                Name (USED, ResourceTemplate ()
                {
                    Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 0 }
                })
                Method (GETI, 1, Serialized)
                {
                    CreateDWordField (USED, 5, LINE)
                    LINE = Arg0 & 0x0f
                    If (Arg0 & 0x80) { LINE = 0 }
                    Return (USED)
                }
                Method (STAI, 1) { If (Arg0 & 0x80) { Return (9) } Return (11) }
                Method (SETI, 1)
                {
                    CreateDWordField (Arg0, 5, LINE)
                    Return (LINE)
                }
                Device (LNKA)
                {
                    Name (_HID, EisaId ("PNP0C0F"))
                    Name (_UID, 1)
                    Method (_PRS) { Return (IRQS) }
                    Method (_STA) { Return (STAI (PRQA)) }
                    Method (_DIS) { PRQA |= 0x80 }
                    Method (_CRS) { Return (GETI (PRQA)) }
                    Method (_SRS, 1) { PRQA = SETI (Arg0) }
                }
                Device (LNKB)
                {
                    Name (_HID, EisaId ("PNP0C0F"))
                    Name (_UID, 2)
                    Method (_PRS) { Return (IRQS) }
                    Method (_STA) { Return (STAI (PRQB)) }
                    Method (_DIS) { PRQB |= 0x80 }
                    Method (_CRS) { Return (GETI (PRQB)) }
                    Method (_SRS, 1) { PRQB = SETI (Arg0) }
                }
                Device (LNKC)
                {
                    Name (_HID, EisaId ("PNP0C0F"))
                    Name (_UID, 3)
                    Method (_PRS) { Return (IRQS) }
                    Method (_STA) { Return (STAI (PRQC)) }
                    Method (_DIS) { PRQC |= 0x80 }
                    Method (_CRS) { Return (GETI (PRQC)) }
                    Method (_SRS, 1) { PRQC = SETI (Arg0) }
                }
                Device (LNKD)
                {
                    Name (_HID, EisaId ("PNP0C0F"))
                    Name (_UID, 4)
                    Method (_PRS) { Return (IRQS) }
                    Method (_STA) { Return (STAI (PRQD)) }
                    Method (_DIS) { PRQD |= 0x80 }
                    Method (_CRS) { Return (GETI (PRQD)) }
                    Method (_SRS, 1) { PRQD = SETI (Arg0) }
                }
            }
        }
    }
}
