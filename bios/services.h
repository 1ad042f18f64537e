/*
 * The parts of the BIOS: how each is set up, the INTs and IRQs that it serves
 * (their vectors are in main.c), and what it does for the others.
 */
#ifndef PIOEMU_BIOS_SERVICES_H
#define PIOEMU_BIOS_SERVICES_H

#include "bios/bios.h"

/* ---- the serial lines ---- */

void serial_setup(void);
void serial_service(Regs *regs); /* INT 14h */
void serial_irq4(Regs *regs);
/* The console is COM1.  If there is no COM1, nothing is ever sent or received. */
/* Waits until a byte can be sent.  Interrupts are on meanwhile. */
void serial_console_await(void);
void serial_console_put(const char *bytes, unsigned count);
/* Returns -1 if nothing has arrived. */
int serial_console_get(void);
/* Waits for the next interrupt.  A character on the console causes one. */
void serial_console_wait(void);

/* ---- the screen, which is shown on the console ---- */

void video_setup(void);
void video_service(Regs *regs); /* INT 10h */
/* AH = 0Eh.  The character is sent by terminal_end() at the latest. */
void video_teletype(uint8_t character);
/* Moves the terminal's cursor to that of the screen. */
void video_show_cursor(void);
/* Prints at the cursor.  '\n' begins a new line.  The formats are %s, %c, %u, %x. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- keys ---- */

/* Returns false if there is no controller. */
bool keyboard_setup(void);
void keyboard_service(Regs *regs); /* INT 16h */
void keyboard_irq1(Regs *regs);
/* Gets the first key of the keyboard or the console, which remains until it is dropped. */
bool keyboard_look(uint16_t *key);
void keyboard_drop(void);
/* Puts a key into the buffer, with the scan code in the upper byte.  False: the buffer is full. */
bool keyboard_store(uint16_t key);

/* ---- the keyboard controller ---- */

void controller_send(uint16_t port, uint8_t byte);
/* Returns -1 if the controller or the device behind it did not answer. */
int controller_answer(void);
/*
 * controller_flush() drops what has arrived.  controller_empty() lets IRQ 1 take
 * the keyboard's bytes first.
 */
void controller_flush(void);
void controller_empty(void);

/* ---- the pointing device ---- */

#define EQUIPMENT_MOUSE 0x0004

/* Sets the equipment bit if there is a mouse. */
void mouse_setup(void);
bool mouse_service(Regs *regs); /* INT 15h, AH = C2h */
void mouse_irq12(Regs *regs);

/* ---- power ---- */

bool power_service(Regs *regs); /* INT 15h, AH = 53h */

/* ---- time ---- */

void clock_setup(void);
void clock_service(Regs *regs); /* INT 1Ah */
void clock_irq0(Regs *regs);
void clock_irq8(Regs *regs);
/*
 * INT 15h, AH = 83h and 86h: CX:DX are microseconds; bit 7 of the byte at ES:BX is
 * set at the end.
 */
bool clock_wait_event(Regs *regs);
bool clock_wait(Regs *regs);
/* The ticks since BDA->ticks was `start`, even across midnight. */
uint32_t clock_ticks_since(uint32_t start);
uint8_t cmos_read(uint8_t index);
uint16_t cmos_read16(uint8_t index);
void cmos_write(uint8_t index, uint8_t value);

/* ---- interrupts ---- */

void irq_setup(void);
void irq_unmask(unsigned irq);
void irq_end(unsigned irq);
void irq_2(Regs *regs);
void irq_3(Regs *regs);
void irq_5(Regs *regs);
void irq_6(Regs *regs);
void irq_7(Regs *regs);
void irq_slave(Regs *regs);

/* ---- what the machine tells ---- */

/* Returns 0 if there is no device or no such item. */
uint32_t fw_cfg_number(uint16_t key, unsigned size);
/* Selects a file for fw_cfg_next().  Returns its size, 0 if there is none. */
uint32_t fw_cfg_open(const char *name);
uint8_t fw_cfg_next(void);
uint32_t fw_cfg_file_number(const char *name, unsigned size, uint32_t otherwise);

/* ---- the others ---- */

void system_service(Regs *regs);     /* INT 15h */
void system_equipment(Regs *regs);   /* INT 11h */
void system_base_memory(Regs *regs); /* INT 12h */
void system_printer(Regs *regs);     /* INT 17h */
/* Copies between any two addresses, at most 32768 words. */
void memory_move(uint32_t to, uint32_t from, uint16_t words);
/* The same, in units of 1, 2 or 4 bytes, each in one access. */
void memory_move_units(uint32_t to, uint32_t from, uint16_t count, unsigned size);
/* INT 15h, EAX = E820h. */
bool memory_map_service(Regs *regs);

void disk_setup(void);
void disk_service(Regs *regs); /* INT 13h */

/* With `-boot menu=on`: lets the user choose. */
void menu_offer(void);

/* INT 18h boots from the next device, INT 19h from the first. */
void boot_next(Regs *regs);
void boot_again(Regs *regs);
_Noreturn void boot_first(void);
/* Starts the kernel in the fw_cfg device.  Returns if there is none. */
void kernel_boot(void);

/* Ends the run with status 1. */
_Noreturn void bios_give_up(void);

#endif
