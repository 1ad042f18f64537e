/*
 * Helpers that the setters of options share.
 */
#ifndef PIOEMU_CLI_OPTION_UTIL_H
#define PIOEMU_CLI_OPTION_UTIL_H

#include "src/cli/option_table.h"

/* Whether the value asks for help: it is "help" or "?". */
bool option_wants_help(const char *value);
/* Sets the error "-OPTION VALUE: WHY" and returns false. */
bool option_error(GError **error, const char *option, const char *value, const char *why);
void option_replace(char **field, const char *value);
/*
 * Adds a line that -d options logs: an option was accepted without effect, and
 * why. The line begins with the option's name without its dash.
 */
void option_note(Parse *parse, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Adds a line that is printed when the run begins, whatever is logged. */
void option_tell(Parse *parse, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Returns the option that a JSON object stands for, as "FIRST,key=value"; the caller
 * frees it (src/cli/option_json.c).
 */
char *option_from_json(const char *option, const char *json, const char *first, GError **error);

/* ---- the setters of src/cli/option_machine.c ---- */

bool option_set_memory(Parse *parse, const char *value, GError **error);
bool option_set_cpus(Parse *parse, const char *value, GError **error);
bool option_set_cpu_model(Parse *parse, const char *value, GError **error);
bool option_set_accel(Parse *parse, const char *value, GError **error);
bool option_enable_kvm(Parse *parse, const char *value, GError **error);
bool option_set_machine(Parse *parse, const char *value, GError **error);
bool option_set_name(Parse *parse, const char *value, GError **error);
bool option_set_uuid(Parse *parse, const char *value, GError **error);
bool option_set_rtc(Parse *parse, const char *value, GError **error);
bool option_set_local_time(Parse *parse, const char *value, GError **error);
bool option_no_acpi(Parse *parse, const char *value, GError **error);

/* ---- the setters of src/cli/option_drives.c ---- */

bool option_set_drive(Parse *parse, const char *value, GError **error);
bool option_set_blockdev(Parse *parse, const char *value, GError **error);
/*
 * Plugs the drives of -device ide-hd and similar devices in.  Call it after
 * all options are set.
 */
bool option_plug_drives(Parse *parse, GError **error);

/* ---- the setters of src/cli/option_net.c ---- */

bool option_set_netdev(Parse *parse, const char *value, GError **error);
bool option_set_nic(Parse *parse, const char *value, GError **error);
/* Plugs the cards of -nic and -net in.  Call it after all options are set. */
bool option_plug_networks(Parse *parse, GError **error);

/* ---- the setters of src/cli/option_objects.c ---- */

bool option_set_object(Parse *parse, const char *value, GError **error);
/* Takes what -device virtio-rng-pci says about its source.  Call it after all options are set. */
bool option_plug_rngs(Parse *parse, GError **error);

/* ---- the setters of src/cli/option_config.c ---- */

bool option_read_config(Parse *parse, const char *value, GError **error);
bool option_set_trace(Parse *parse, const char *value, GError **error);
bool option_set_log_items(Parse *parse, const char *value, GError **error);
bool option_set_messages(Parse *parse, const char *value, GError **error);
bool option_daemonize(Parse *parse, const char *value, GError **error);

/* ---- the setters of src/cli/option_screen.c ---- */

bool option_set_display(Parse *parse, const char *value, GError **error);
bool option_set_vga(Parse *parse, const char *value, GError **error);
bool option_set_curses(Parse *parse, const char *value, GError **error);
bool option_set_vnc(Parse *parse, const char *value, GError **error);
/* Decides who looks at what.  Call it after all options are set. */
void option_choose_screen(Config *config);
bool option_set_keymap(Parse *parse, const char *value, GError **error);

/* Sets an option by its name, as if it stood on the command line (src/cli/options.c). */
bool option_apply(Parse *parse, const char *name, const char *value, GError **error);
/*
 * Decides what is connected to the terminal.  Call it after all options are
 * set (src/cli/option_stdio.c).
 */
void option_share_stdio(Parse *parse);

/* ---- the table of src/cli/option_accepted.c ---- */

extern const Option ACCEPTED_OPTIONS[];

#endif
