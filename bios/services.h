/*
 * The BIOS's parts: how each is set up, the INTs and IRQs it serves (their
 * vectors are in main.c), and what it does for the others.
 */
#ifndef PIOEMU_BIOS_SERVICES_H
#define PIOEMU_BIOS_SERVICES_H

#include "bios/bios.h"

/* ---- the serial lines ---- */

void serial_setup(void);
void serial_service(Regs *regs); /* INT 14h */
void serial_irq4(Regs *regs);
/* The console's line, which is COM1; without it nothing is ever sent or received. */
/* Until something can be sent; interrupts come in.  Then it is. */
void serial_console_await(void);
void serial_console_put(const char *bytes, unsigned count);
/* -1: nothing has arrived. */
int serial_console_get(void);
/* Until the next interrupt, of which a character on the console's line is one. */
void serial_console_wait(void);

/* ---- the screen, which is shown on the console ---- */

void video_setup(void);
void video_service(Regs *regs); /* INT 10h */
/* AH = 0Eh; sent at the latest by terminal_end(). */
void video_teletype(uint8_t character);
/* The terminal's cursor goes where the screen's is. */
void video_show_cursor(void);
/* At the cursor; '\n' begins a line.  %s, %c, %u, %x. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- keys ---- */

/* False: there is no controller. */
bool keyboard_setup(void);
void keyboard_service(Regs *regs); /* INT 16h */
void keyboard_irq1(Regs *regs);
/* The first that waits, from the keyboard or the console, stays until it is dropped. */
bool keyboard_look(uint16_t *key);
void keyboard_drop(void);
/* Into the buffer: scan code in the upper byte; false: it is full. */
bool keyboard_store(uint16_t key);

/* ---- the keyboard controller ---- */

void controller_send(uint16_t port, uint8_t byte);
/* -1: it never answered, or the device behind it did not. */
int controller_answer(void);
/* What has arrived is dropped; or IRQ 1 takes what the keyboard has sent, and the rest is. */
void controller_flush(void);
void controller_empty(void);

/* ---- the pointing device ---- */

#define EQUIPMENT_MOUSE 0x0004

/* Sets that bit of the equipment if there is one. */
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
/* INT 15h, AH = 83h and 86h: CX:DX microseconds, ES:BX the byte whose bit 7 is set. */
bool clock_wait_event(Regs *regs);
bool clock_wait(Regs *regs);
/* Since BDA->ticks was `start`, also over midnight. */
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

/* 0: there is nobody to tell, or no such item. */
uint32_t fw_cfg_number(uint16_t key, unsigned size);
uint32_t fw_cfg_file_number(const char *name, unsigned size, uint32_t otherwise);

/* ---- the others ---- */

void system_service(Regs *regs);     /* INT 15h */
void system_equipment(Regs *regs);   /* INT 11h */
void system_base_memory(Regs *regs); /* INT 12h */
void system_printer(Regs *regs);     /* INT 17h */
/* Between any addresses; at most 32768 words. */
void memory_move(uint32_t to, uint32_t from, uint16_t words);
/* INT 15h, EAX = E820h. */
bool memory_map_service(Regs *regs);

void disk_setup(void);
void disk_service(Regs *regs); /* INT 13h */

/* With `-boot menu=on`: lets the user choose. */
void menu_offer(void);

/* INT 18h: from the next device; INT 19h: from the first. */
void boot_next(Regs *regs);
void boot_again(Regs *regs);
_Noreturn void boot_first(void);
/* Starts the kernel that the machine has ready; returns if there is none. */
void kernel_boot(void);

/* Ends the run with status 1. */
_Noreturn void bios_give_up(void);

#endif
