/* A dialogue with the shell guest.  With its commands a test makes the machine do things. */
#ifndef PIOEMU_GUEST_SHELL_H
#define PIOEMU_GUEST_SHELL_H

#include "tests/guest/guest_rig.h"

/* `options` are added to the command line.  Waits for the first prompt. */
Guest *guest_shell_start(const GuestTarget *target, const GuestWires *wires, const char *options);
/* Sends a command that does not return. */
void guest_shell_last(Guest *guest, const char *line);
/* Sends a command and waits for the echo, the answer with CR LF after each line, and the prompt. */
void guest_shell_say(Guest *guest, const char *line, const char *answer);
void guest_shell_prompt(Guest *guest);

#endif
