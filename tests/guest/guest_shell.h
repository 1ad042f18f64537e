/*
 * A dialogue with the shell guest: with its commands a test makes the machine
 * do what it is to see.
 */
#ifndef PIOEMU_GUEST_SHELL_H
#define PIOEMU_GUEST_SHELL_H

#include "tests/guest/guest_rig.h"

/* `options` are added to the command line.  Waits for the first prompt. */
Guest *guest_shell_start(const GuestTarget *target, const GuestWires *wires, const char *options);
/* A command that does not come back. */
void guest_shell_last(Guest *guest, const char *line);
/* Waits for the echo, for the answer with CR LF after each line, and for the prompt. */
void guest_shell_say(Guest *guest, const char *line, const char *answer);
void guest_shell_prompt(Guest *guest);

#endif
