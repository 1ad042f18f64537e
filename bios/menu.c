/*
 * The boot menu.  With `-boot menu=on` the user can ask for it for a while before
 * anything is booted.  It lists the kernel and the drives, and a key chooses one.
 */
#include "bios/disk.h"
#include "bios/services.h"

#include "devices/misc/fw_cfg_regs.h"
#include "devices/timer/i8254_regs.h"

#define WAIT_FILE    "etc/boot-menu-wait"
#define WAIT_DEFAULT 2500u /* ms */

#define KEY_ESC 0x011b
#define KEY_F12 0x8600

#define HARD_DISKS 0x80

#define KERNEL    NULL /* instead of a drive */
#define LINES_MAX 9u   /* one for each digit */

typedef struct Menu {
    Drive *lines[LINES_MAX];
    unsigned count;
} Menu;

/* One tick more, because the first one may come at once. */
static uint32_t ticks_of(uint32_t ms)
{
    return ms ? ms * (PIT_CLOCK_HZ / 1000) / 0x10000 + 2 : 0;
}

/* Any other key ends the wait, and the booted program gets it. */
static bool is_asked_for(uint32_t ms)
{
    uint32_t start = BDA->ticks, patience = ticks_of(ms);
    uint16_t key;
    while (!keyboard_look(&key)) {
        if (clock_ticks_since(start) >= patience) {
            return false;
        }
        serial_console_wait();
    }
    bool asked = key == KEY_F12 || key == KEY_ESC || (uint8_t)key == 'm';
    if (asked) {
        keyboard_drop();
    }
    return asked;
}

static uint16_t await_key(void)
{
    uint16_t key;
    while (!keyboard_look(&key)) {
        serial_console_wait();
    }
    keyboard_drop();
    return key;
}

/* ---- what there is ---- */

static void add_line(Menu *menu, Drive *drive)
{
    if (menu->count < LINES_MAX) {
        menu->lines[menu->count++] = drive;
    }
}

/* The order is that of the drives' numbers: floppies, hard disks, CD-ROM drives. */
static Menu list(void)
{
    Menu menu = {.count = 0};
    if (fw_cfg_number(FW_CFG_KERNEL_SIZE, 4)) {
        add_line(&menu, KERNEL);
    }
    for (unsigned number = 0; number <= UINT8_MAX; number++) {
        Drive *drive = disk_find((uint8_t)number);
        if (drive) {
            add_line(&menu, drive);
        }
    }
    return menu;
}

static void print_size(uint64_t sectors)
{
    uint32_t mib = (uint32_t)(sectors >> 11);
    if (mib) {
        print(", %u MiB", (unsigned)mib);
    } else {
        print(", %u KiB", (unsigned)sectors / 2);
    }
}

static void print_drive(const Drive *drive)
{
    char name[DRIVE_NAME_SIZE];
    if (drive->number < HARD_DISKS) {
        print("%s %c", drive->ops->name, 'A' + drive->number);
    } else {
        print("%s %xh", drive->ops->name, (unsigned)drive->number);
    }
    if (drive->ops->get_name && drive->ops->get_name(drive, name)) {
        print(": %s", name);
    }
    if (!drive->removable) {
        print_size(drive->sectors);
    }
}

static void show(const Menu *menu)
{
    print("Boot menu\n");
    for (unsigned i = 0; i < menu->count; i++) {
        print("%u. ", i + 1);
        if (menu->lines[i] == KERNEL) {
            print("Linux kernel (-kernel)");
        } else {
            print_drive(menu->lines[i]);
        }
        print("\n");
    }
    print("Which one? (Esc: the usual order) ");
}

/* ---- the choice ---- */

void menu_offer(void)
{
    if (!fw_cfg_number(FW_CFG_BOOT_MENU, 2)) {
        return;
    }
    print("Press F12, Esc or m for the boot menu\n");
    if (!is_asked_for(fw_cfg_file_number(WAIT_FILE, 2, WAIT_DEFAULT))) {
        return;
    }
    const Menu menu = list();
    uint16_t key;
    show(&menu);
    do {
        key = await_key();
        unsigned line = (key & 0xffu) - '1';
        if (line < menu.count) {
            print("%u\n", line + 1);
            boot_choose(menu.lines[line]);
            return;
        }
    } while (key != KEY_ESC);
    print("\n");
}
