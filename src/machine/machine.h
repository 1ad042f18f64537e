/*
 * A machine is a board: which chips it has, at which ports and on which IRQs.  Only
 * the files machine_*.c and pc*.c know that.
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
#include "src/net/net.h"

typedef struct Machine Machine;

/* The board's default for a property of a device. */
typedef struct MachineDefault {
    const char *device, *property, *value;
} MachineDefault;

#define MACHINE_DEFAULT_END                                                                        \
    {                                                                                              \
        .device = NULL                                                                             \
    }

typedef struct MachineClass {
    const char *name;
    const char *alias; /* another name of the same board, or NULL */
    const char *description;
    BootBoard tables;               /* what the tables for a kernel say about every board of this
                                       class */
    uint8_t timer_pin;              /* the pin of the board's I/O APIC to which the timer is
                                       wired */
    uint16_t console_port;          /* the serial port that a firmware may use; 0 if none */
    const MachineDefault *defaults; /* defaults of its devices' properties; the last entry has a
                                       NULL device */
    /* Completes the properties of -device `driver`; NULL: there is nothing to complete. */
    bool (*fit_device)(Machine *machine, const char *driver, GHashTable *properties,
                       GError **error);
    bool has_pci;
    bool has_no_cpu; /* whatever -accel says, nothing runs */
    /* Does to PCI at a reset what a firmware does, where none will; NULL: there is no PCI. */
    void (*assign_pci)(Machine *machine);
    bool (*build)(Machine *machine, const Config *config, GError **error);
} MachineClass;

/*
 * Where the machine's interrupts and requests go.  Called with the controller's
 * lock held.  Members that are NULL are not called.
 */
typedef struct MachineCpu {
    void (*set_intr)(void *opaque, unsigned cpu, bool level);
    void (*nmi)(void *opaque, unsigned cpu);
    /*
     * Controllers in the kernel take the ISA IRQs themselves.  NULL: the
     * controllers of the board do.
     */
    /* The accelerator has the PIC and all APICs, so that the board gets none. */
    bool has_controllers;
    /* It has the local APICs, so that the board gets a PIC and an I/O APIC. */
    bool has_local_apics;
    void (*set_irq)(void *opaque, unsigned irq, bool level); /* for has_controllers */
    bool (*irq_pending)(void *opaque, unsigned irq);         /* used together with set_irq */
    bool has_apics; /* the board must have local APICs and an I/O APIC of its own */
    /*
     * Takes the messages of the board's I/O APIC and of other devices for local
     * APICs in the accelerator.
     */
    void (*message)(void *opaque, uint64_t address, uint32_t data);
    /* Told whether address line 20 is on, as soon as a device changes it. */
    void (*set_a20)(void *opaque, bool on);
    void (*request)(void *opaque, const DeviceRequest *request);
    void (*guest_error)(void *opaque, const Device *dev, const char *message);
    void *opaque;
} MachineCpu;

/*
 * Which program's first instruction the CPU starts with.  The state that a reset
 * leaves depends on it.
 */
typedef enum MachineStart {
    MACHINE_COLD,       /* a firmware, or there is no CPU */
    MACHINE_FLAT,       /* after a BIOS, but without an interrupt table: the PIC masks all */
    MACHINE_AFTER_BIOS, /* a boot loader */
    MACHINE_STARTS
} MachineStart;

/* What the board is built on.  It outlives the machine. */
typedef struct MachineParts {
    Bus *bus;
    Clock *clock;
    Clock *host_clock; /* never pauses */
    Memory *memory;
    ChardevSet *chars;
    ServicesSource *services; /* what devices report at their boundaries; NULL: nothing records
                                 it */
    BlockSet *blocks;
    NetSet *nets; /* NULL: no cable can be plugged in */
    MachineStart started_by;
    const BootOrder *boot;   /* passed to a firmware, whether or not one runs; NULL: no -boot */
    const BootImage *kernel; /* what the firmware is to start; NULL: nothing */
    bool own_bios;           /* the firmware is pioemu's own */
} MachineParts;

/* Segments of 0xc0000 to 0xfffff that a host bridge shows by themselves. */
#define PC_SHADOW_SIZE 0x4000u
#define PC_SHADOWS     16u

struct Machine {
    const MachineClass *class;
    DeviceHost host;
    DeviceHost host_timed; /* the same, with the host's clock */
    MachineCpu cpu;
    ChardevSet *chars;
    BlockSet *blocks;
    NetSet *nets;       /* NULL: no cable can be plugged in */
    unsigned net_cards; /* that were given an address */
    MachineStart started_by;
    const BootOrder *boot; /* never NULL */
    const BootImage *kernel;
    bool own_bios;
    const Config *config;
    FwItems *items;        /* for the fw_cfg device; filled when they are first requested */
    GString *bootorder;    /* the paths of the drives, one a line, in the order of -boot */
    GPtrArray *boot_paths; /* the devices with a bootindex, of boot_paths.c */
    IrqRouter *irqs;
    IrqLine *nmi_mask; /* closes the NMI gate */
    GPtrArray *pins;   /* lines to the inputs of devices and CPUs */
    IrqRouter *pirqs;  /* joins the PCI devices that share a PCI interrupt; there are four */
    IrqRouter *a20;    /* joins the gates of address line 20 */
    IrqSink *intr_observer;
    void *intr_opaque;
    GPtrArray *devices;              /* in the order in which they are reset */
    MemoryBlock *shadow[PC_SHADOWS]; /* what the host bridge shows; NULL: not yet */
    Device *isa_bridge;              /* of a PCI bus to the ISA bus, or NULL */
    Device *dma;                     /* the DMA controllers, as soon as they are on the board */
    GPtrArray *dma_lines;            /* the lines to the DMA channels */
    /* The interrupt controllers, or NULL if those of the accelerator are in use. */
    Device *pic, *ioapic;
    unsigned serial_ports; /* a bit for each of the places on the board that is taken */
    GPtrArray *lapics;     /* indexed by CPU, or empty */
};

extern const MachineClass machine_pc_class, machine_isapc_class, machine_none_class;

/* Ends with NULL. */
const MachineClass *const *machine_classes(void);
const MachineClass *machine_find(const char *name, GError **error);

Machine *machine_new(const MachineClass *class, const Config *config, const MachineParts *parts,
                     const MachineCpu *cpu);
/* Builds the board and the devices of -device. */
bool machine_build(Machine *machine, GError **error);
void machine_free(Machine *machine);
void machine_reset(Machine *machine);
/* What the tables for a kernel say about the board.  Call it when the board is built. */
BootBoard machine_board(const Machine *machine);
/* What the fw_cfg device tells a firmware. */
const DataTable *machine_fw_items(Machine *machine, GError **error);
bool machine_has_device(const Machine *machine, const char *id);
/* Whether a device is still busy with output. */
bool machine_busy(Machine *machine);

/*
 * The observer is told of each CPU's INTR after the CPU itself.  `irq` is the
 * number of the CPU.  NULL: no observer.
 */
void machine_set_intr_observer(Machine *machine, IrqSink *observer, void *opaque);

/* The interrupt acknowledge cycle of a CPU. */
uint8_t machine_acknowledge(Machine *machine, unsigned cpu);
/*
 * Used with MachineCpu.message: a CPU's local APIC ends the interrupt of a
 * level-triggered message.
 */
void machine_end_of_interrupt(Machine *machine, BusInitiator *by, uint8_t vector);

const DeviceClass *const *machine_device_classes(void);
/* The devices by category, as `-device help` prints them; the caller frees it. */
char *machine_device_list(void);
/* The board's default for a device's property, or NULL. */
const char *machine_default(const MachineClass *machine, const DeviceClass *class,
                            const char *property);
/* A device's properties, with their defaults on this board; the caller frees it. */
char *machine_device_help(const MachineClass *machine, const DeviceClass *class);
/*
 * Returns what comes closest to a device of QEMU's that does not exist here,
 * or NULL if nothing is known.
 */
const char *machine_hint(const char *name);
const DeviceClass *machine_find_device_class(const char *what, const char *name, GError **error);

/*
 * For machine_*.c: these make a device, set its properties and realize it.
 * `properties` is "key=value,..." or NULL. machine_add_on() puts the device on one
 * of the machine's hosts.
 */
Device *machine_add(Machine *machine, const char *class_name, const char *id,
                    const char *properties, GError **error);
Device *machine_add_on(Machine *machine, const DeviceHost *host, const char *class_name,
                       const char *id, const char *properties, GError **error);
/*
 * The same, with outputs wired.  `wires` are pairs of an output's name and a line;
 * a NULL name ends them.
 */
typedef struct MachineWire {
    const char *output;
    IrqLine *line;
} MachineWire;

#define MACHINE_WIRE_END                                                                           \
    {                                                                                              \
        .output = NULL                                                                             \
    }

Device *machine_add_wired(Machine *machine, const DeviceHost *host, const char *class_name,
                          const char *id, const char *properties, const MachineWire *wires,
                          GError **error);
/* A new line to an input pin of a device or a CPU.  The machine owns it. */
IrqLine *machine_pin(Machine *machine, Device *dev, unsigned pin);
IrqLine *machine_intr(Machine *machine, unsigned cpu);
IrqLine *machine_nmi_pin(Machine *machine, unsigned cpu);

/*
 * A source of non-maskable interrupts raises one.  The gate at port 0x70 decides
 * whether it passes.
 */
void machine_nmi(Machine *machine);

/* The PCI interrupt, 0 to 3, to which a function's pin (1 to 4) leads. */
unsigned machine_pirq(unsigned function, unsigned pin);
/* For boot_paths.c: */
GPtrArray *machine_boot_paths_new(void);
/* Notes that a device is the `index`th to boot from. */
bool machine_add_boot_path(Machine *machine, unsigned index, const char *path, GError **error);
/* The text of the file "bootorder" (free). */
char *machine_boot_order(const Machine *machine);
/* The devices are complete: puts their order into the fw_cfg device. */
void machine_fw_finish(Machine *machine);

/* Tells the tables which pins the functions on the bus have. */
void machine_note_pci_pins(const Machine *machine, BootBoard *board);
/*
 * Puts a device of -device that is one of PCI on the bus, and takes `addr`, `bus` and
 * what machine_plug_rom() takes.
 */
bool machine_plug_pci(Machine *machine, Device *dev, GHashTable *properties, GError **error);
/*
 * Gives a device on the PCI bus its option ROM: the file that `romfile` names, or the
 * one that its class names, if that is installed; none with `rombar` 0.  Takes both.
 */
bool machine_plug_rom(Device *dev, GHashTable *properties, GError **error);
/* The path of a ROM that a package installs, or NULL.  The caller frees it. */
char *machine_find_rom(const char *name);

#endif
