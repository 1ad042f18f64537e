/*
 * A machine is a board: which chips there are, at which ports, on which IRQs.
 * machine_*.c know that and nobody else does.
 */
#ifndef PIOEMU_MACHINE_MACHINE_H
#define PIOEMU_MACHINE_MACHINE_H

#include "src/block/block.h"
#include "src/board/irq.h"
#include "src/boot/boot.h"
#include "src/boot/boot_order.h"
#include "src/boot/fw_items.h"
#include "src/char/char.h"
#include "src/device/device_core.h"
#include "src/machine/config.h"

typedef struct Machine Machine;

/* What a property of a device is on a board unless it is set. */
typedef struct MachineDefault {
    const char *device, *property, *value;
} MachineDefault;

typedef struct MachineClass {
    const char *name;
    const char *alias; /* another name of the same board; NULL: there is none */
    const char *description;
    BootBoard tables;               /* what tables for a kernel say of every such board */
    uint8_t timer_pin;              /* of the board's I/O APIC: where the timer comes to it */
    uint16_t console_port;          /* of the serial port that a firmware may use; 0: none */
    const MachineDefault *defaults; /* of its devices' properties; a NULL device is the end */
    bool (*build)(Machine *machine, const Config *config, GError **error);
} MachineClass;

/*
 * Where the machine's interrupts and requests go.  Called with the controller's
 * lock held.  A member that is NULL is not called.
 */
typedef struct MachineCpu {
    void (*set_intr)(void *opaque, unsigned cpu, bool level);
    void (*nmi)(void *opaque, unsigned cpu);
    /* In-kernel controllers take the ISA IRQs themselves; NULL: ours do. */
    void (*set_irq)(void *opaque, unsigned irq, bool level);
    bool (*irq_pending)(void *opaque, unsigned irq); /* with set_irq */
    bool has_apics; /* the board has to have local APICs and an I/O APIC of its own */
    /* Local APICs elsewhere take messages, of the I/O APIC on the board; NULL: none does. */
    void (*message)(void *opaque, uint64_t address, uint32_t data);
    /* Address line 20 passes or not, as soon as a device says so. */
    void (*set_a20)(void *opaque, bool on);
    void (*request)(void *opaque, const DeviceRequest *request);
    void (*guest_error)(void *opaque, const Device *dev, const char *message);
    void *opaque;
} MachineCpu;

/* In whose place the first instruction is: what a reset leaves depends on it. */
typedef enum MachineStart {
    MACHINE_COLD,       /* a firmware's, or there is no CPU */
    MACHINE_FLAT,       /* after a BIOS, but there is no interrupt table: the PIC masks all */
    MACHINE_AFTER_BIOS, /* a boot loader's */
    MACHINE_STARTS
} MachineStart;

/* What the board is built on; outlives the machine. */
typedef struct MachineParts {
    Bus *bus;
    Clock *clock;
    Clock *host_clock; /* never paused */
    Memory *memory;
    ChardevSet *chars;
    ServicesSource *services; /* at the devices' boundaries; NULL: none */
    BlockSet *blocks;
    MachineStart started_by;
    const BootOrder *boot;   /* for a firmware, whether or not one runs; NULL: as without -boot */
    const BootImage *kernel; /* that the firmware is to start; NULL: none */
    bool own_bios;           /* that firmware is pioemu's */
} MachineParts;

struct Machine {
    const MachineClass *class;
    DeviceHost host;
    DeviceHost host_timed; /* the same on the host's clock */
    MachineCpu cpu;
    ChardevSet *chars;
    BlockSet *blocks;
    MachineStart started_by;
    const BootOrder *boot; /* never NULL */
    const BootImage *kernel;
    bool own_bios;
    const Config *config;
    FwItems *items;     /* for the fw_cfg device; filled when one asks for them */
    GString *bootorder; /* the drives' paths, a line each, in the order of -boot */
    IrqRouter *irqs;
    IrqLine *nmi_mask; /* closes the NMI gate */
    GPtrArray *pins;   /* lines to inputs of devices and CPUs */
    IrqRouter *a20;    /* joins the gates of address line 20 */
    IrqSink *intr_observer;
    void *intr_opaque;
    GPtrArray *devices;   /* in the order of reset */
    Device *dma;          /* the DMA controllers, once they are on the board */
    GPtrArray *dma_lines; /* to its channels */
    /* Interrupt controllers, or NULL: those of the accelerator are in use. */
    Device *pic, *ioapic;
    GPtrArray *lapics; /* by CPU, or empty */
};

extern const MachineClass machine_pc_class;

/* NULL-terminated. */
const MachineClass *const *machine_classes(void);
const MachineClass *machine_find(const char *name, GError **error);

Machine *machine_new(const MachineClass *class, const Config *config, const MachineParts *parts,
                     const MachineCpu *cpu);
/* Builds the board and the devices of -device. */
bool machine_build(Machine *machine, GError **error);
void machine_free(Machine *machine);
void machine_reset(Machine *machine);
/* What tables for a kernel say of it; once it is built. */
BootBoard machine_board(const Machine *machine);
/* What a firmware is told by the fw_cfg device. */
const DataTable *machine_fw_items(Machine *machine, GError **error);
bool machine_has_device(const Machine *machine, const char *id);
/* Whether a device is still busy with output. */
bool machine_busy(Machine *machine);

/* Is told of each CPU's INTR with its number as `irq`, after the CPU; NULL: nobody. */
void machine_set_intr_observer(Machine *machine, IrqSink *observer, void *opaque);

/* The interrupt acknowledge cycle of a CPU. */
uint8_t machine_acknowledge(Machine *machine, unsigned cpu);
/* With MachineCpu.message: a CPU's local APIC ends the interrupt of a level message. */
void machine_end_of_interrupt(Machine *machine, BusInitiator *by, uint8_t vector);

const DeviceClass *const *machine_device_classes(void);
/* What the board says of a device's property; NULL: nothing. */
const char *machine_default(const MachineClass *machine, const DeviceClass *class,
                            const char *property);
/* A device's properties, with their defaults on this board; the caller frees it. */
char *machine_device_help(const MachineClass *machine, const DeviceClass *class);
const DeviceClass *machine_find_device_class(const char *what, const char *name, GError **error);

/*
 * For machine_*.c: makes, sets, realizes; `properties` is "key=value,..." or
 * NULL.  machine_add_on() puts the device on one of the machine's hosts.
 */
Device *machine_add(Machine *machine, const char *class_name, const char *id,
                    const char *properties, GError **error);
Device *machine_add_on(Machine *machine, const DeviceHost *host, const char *class_name,
                       const char *id, const char *properties, GError **error);
/* The same with outputs wired: pairs of an output's name and a line, NULL at the end. */
typedef struct MachineWire {
    const char *output;
    IrqLine *line;
} MachineWire;

Device *machine_add_wired(Machine *machine, const DeviceHost *host, const char *class_name,
                          const char *id, const char *properties, const MachineWire *wires,
                          GError **error);
/* A new line to an input pin of a device, or of a CPU; the machine's. */
IrqLine *machine_pin(Machine *machine, Device *dev, unsigned pin);
IrqLine *machine_intr(Machine *machine, unsigned cpu);
IrqLine *machine_nmi_pin(Machine *machine, unsigned cpu);

/* A source of non-maskable interrupts asks for one; the gate at port 0x70 decides. */
void machine_nmi(Machine *machine);

#endif
