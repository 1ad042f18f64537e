/*
 * The demo disk: a boot sector, a directory, and flat binaries one behind the
 * other.  guests/disk/mkdisk.py writes it; docs/booting.md describes it.
 */
#define DISK_SECTOR          512
#define DISK_DIRECTORY       1 /* its first sector */
#define DISK_DIRECTORY_SIZE  2 /* sectors */
#define DISK_ENTRY_SIZE      32
#define DISK_ENTRY_NAME      0 /* with a NUL behind it; none: the directory's end */
#define DISK_ENTRY_NAME_SIZE 16
#define DISK_ENTRY_FIRST     16 /* sector */
#define DISK_ENTRY_SECTORS   20
#define DISK_ENTRY_ADDRESS   24 /* where it is loaded, below 64 KiB */
#define DISK_ENTRY_START     28 /* its first instruction */
/* The name of the first entry, which is no file. */
#define DISK_MARK "pioemu guests"
