/*
 * Turns what is typed on the console into keys: characters, and the sequences that
 * a terminal sends for cursor and function keys.
 */
#ifndef PIOEMU_BIOS_CONSOLE_KEYS_H
#define PIOEMU_BIOS_CONSOLE_KEYS_H

/* Takes the characters that have arrived, while there is room in the keyboard's buffer. */
void console_keys_poll(void);

#endif
