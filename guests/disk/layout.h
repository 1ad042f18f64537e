/*
 * The demo disk: a boot sector, a directory, and flat binaries one after another.
 * guests/disk/mkdisk.py writes it, and docs/booting.md describes it.
 */
#define DISK_SECTOR          512
#define DISK_DIRECTORY       1 /* its first sector */
#define DISK_DIRECTORY_SIZE  2 /* in sectors */
#define DISK_ENTRY_SIZE      32
#define DISK_ENTRY_NAME      0 /* ends with a NUL; empty at the end of the directory */
#define DISK_ENTRY_NAME_SIZE 16
#define DISK_ENTRY_FIRST     16 /* the first sector */
#define DISK_ENTRY_SECTORS   20
#define DISK_ENTRY_ADDRESS   24 /* the load address, below 64 KiB */
#define DISK_ENTRY_START     28 /* the address of the first instruction */
/* The name of the first entry, which is not a file. */
#define DISK_MARK "pioemu guests"
