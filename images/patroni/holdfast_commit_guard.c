/*
 * holdfast_commit_guard: a commit that is acknowledged is on the synchronous standby, and was made while this region had the right to write.
 *
 * 1. synchronous_commit is a user-settable parameter: with `off`, `local` or `remote_write` a session gets its acknowledgement before a standby
 *    has the transaction on disk, and a failover loses it, strict synchronous mode or not; an isolated old primary goes on committing such
 *    transactions for seconds. This library (shared_preload_libraries) refuses them at commit.
 *
 * 2. Where regions fail over, the right to write is a lease. Its deadline stands in a file (holdfast_commit_guard.lease_file) that the lease keeper
 *    beside this server replaces with every renewal. A commit after the deadline is refused, and so is one without a deadline: another region may have been
 *    promoted. Whoever was frozen in between, this server, its keeper or the whole machine, finds the deadline passed when it wakes. The clock is
 *    CLOCK_BOOTTIME: nobody can set it, and it goes on while the machine sleeps.
 *    What began before the deadline and could be acknowledged only after it (the session was frozen after the check, or waited for its standby) has been
 *    committed, but nobody is told so: the session ends without an answer, as PostgreSQL itself does when a wait for a standby is given up.
 *
 * Left alone: superusers (Patroni, initdb, repairs), transactions that wrote nothing, background workers. COMMIT PREPARED is not seen, because its
 * own transaction writes nothing: leave max_prepared_transactions at 0, PostgreSQL's default.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

void _PG_init(void);

#define NS_PER_S INT64CONST(1000000000)
#define NS_PER_MS INT64CONST(1000000)
/* A deadline that was read so lately is not read again. It stays true until it passes: the file is read for news only. */
#define REREAD_AFTER (100 * NS_PER_MS)
#define DESCRIPTION_SIZE 96
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LENGTH 36
#define DEADLINE_DIGITS 20
/* "<deadline> <boot id>\n": nanoseconds of CLOCK_BOOTTIME since the boot with this id */
#define LEASE_LENGTH (DEADLINE_DIGITS + 1 + BOOT_ID_LENGTH + 1)

/* empty: commits need no lease */
static char *lease_file = NULL;
static char boot_id[BOOT_ID_LENGTH];

typedef enum
{
	LEASE_GOOD,
	LEASE_PASSED,
	LEASE_MISSING,
	LEASE_UNREADABLE,
	LEASE_MALFORMED,
	LEASE_OF_ANOTHER_BOOT
} LeaseState;

typedef struct
{
	LeaseState	state;
	/* of LEASE_PASSED: since when, seconds */
	double		passed_for;
	/* of LEASE_UNREADABLE */
	int			error;
} Lease;

/* No descriptor is kept: the keeper replaces the file. */
static int
read_lease(char *record, int *error)
{
	int			fd = open(lease_file, O_RDONLY | O_CLOEXEC);
	ssize_t		length;

	if (fd < 0)
	{
		*error = errno;
		return -1;
	}
	/* one more than allowed, to see that it is not longer */
	length = read(fd, record, LEASE_LENGTH + 1);
	*error = errno;
	close(fd);
	return (int) length;
}

static bool
parse_deadline(const char *record, int64 *deadline)
{
	uint64		value = 0;

	for (int i = 0; i < DEADLINE_DIGITS; i++)
	{
		if (record[i] < '0' || record[i] > '9')
			return false;
		if (value > (uint64) PG_INT64_MAX / 10)
			return false;
		value = value * 10 + (uint64) (record[i] - '0');
	}
	if (value > (uint64) PG_INT64_MAX)
		return false;
	*deadline = (int64) value;
	return true;
}

static Lease
lease_now(void)
{
	/* of this session */
	static int64 known_deadline = 0;
	static int64 read_at = 0;
	char		record[LEASE_LENGTH + 1];
	struct timespec clock;
	int64		now;
	int64		deadline;
	int			error = 0;
	int			length;

	if (clock_gettime(CLOCK_BOOTTIME, &clock) != 0)
		return (Lease) {LEASE_UNREADABLE, 0, errno};
	now = (int64) clock.tv_sec * NS_PER_S + clock.tv_nsec;
	if (now < known_deadline && now - read_at < REREAD_AFTER)
		return (Lease) {LEASE_GOOD, 0, 0};
	known_deadline = 0;
	length = read_lease(record, &error);
	if (length < 0)
		return (Lease) {error == ENOENT ? LEASE_MISSING : LEASE_UNREADABLE, 0, error};
	if (length != LEASE_LENGTH || record[DEADLINE_DIGITS] != ' ' || record[LEASE_LENGTH - 1] != '\n' || !parse_deadline(record, &deadline))
		return (Lease) {LEASE_MALFORMED, 0, 0};
	if (memcmp(record + DEADLINE_DIGITS + 1, boot_id, BOOT_ID_LENGTH) != 0)
		return (Lease) {LEASE_OF_ANOTHER_BOOT, 0, 0};
	if (now >= deadline)
		return (Lease) {LEASE_PASSED, (double) (now - deadline) / NS_PER_S, 0};
	known_deadline = deadline;
	read_at = now;
	return (Lease) {LEASE_GOOD, 0, 0};
}

/* Into the caller's buffer: after a commit nothing may fail, allocating memory included. */
static const char *
describe(const Lease *lease, char *buffer, size_t size)
{
	switch (lease->state)
	{
		case LEASE_PASSED:
			snprintf(buffer, size, "this region's lease passed %.3f s ago", lease->passed_for);
			return buffer;
		case LEASE_UNREADABLE:
			snprintf(buffer, size, "this region's lease can't be read (error %d)", lease->error);
			return buffer;
		case LEASE_MISSING:
			return "this region has no lease";
		case LEASE_MALFORMED:
			return "the file with this region's lease is damaged";
		case LEASE_OF_ANOTHER_BOOT:
			return "this region's lease is of another start of this machine";
		default:
			return "this region's lease is good";
	}
}

static const char *
setting_name(int level)
{
	switch (level)
	{
		case SYNCHRONOUS_COMMIT_OFF:
			return "off";
		case SYNCHRONOUS_COMMIT_LOCAL_FLUSH:
			return "local";
		case SYNCHRONOUS_COMMIT_REMOTE_WRITE:
			return "remote_write";
		default:
			return "unknown";
	}
}

static void
refuse_unreplicated_commit(void)
{
	if (synchronous_commit >= SYNCHRONOUS_COMMIT_REMOTE_FLUSH)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("commit refused: synchronous_commit = %s does not wait until the synchronous standby has the transaction",
					setting_name(synchronous_commit)),
			 errhint("Use synchronous_commit = on (the default) or remote_apply; only superusers may commit without the standby.")));
}

static void
refuse_commit_without_lease(void)
{
	char		reason[DESCRIPTION_SIZE];
	Lease		lease = lease_now();

	if (lease.state == LEASE_GOOD)
		return;
	ereport(ERROR,
			/* what clients know from a server that does not take writes here and now */
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("commit refused: %s", describe(&lease, reason, sizeof(reason))),
			 errdetail("Another region may take writes by now."),
			 errhint("Nothing was written. Connect anew and try again.")));
}

/*
 * Too late for an error: the transaction is committed. The session says nothing more and ends at its next chance, as in SyncRepWaitForLSN when a wait is
 * given up: the client has to find out for itself whether its transaction is there.
 */
static void
withhold_late_acknowledgement(void)
{
	char		reason[DESCRIPTION_SIZE];
	Lease		lease = lease_now();

	if (lease.state == LEASE_GOOD)
		return;
	whereToSendOutput = DestNone;
	/* and what may stand in the buffer already goes nowhere */
	if (MyProcPort != NULL)
		shutdown(MyProcPort->sock, SHUT_RDWR);
	ereport(LOG,
			(errmsg("commit not acknowledged, session ended: %s", describe(&lease, reason, sizeof(reason))),
			 errdetail("The transaction was within its lease when it began to commit, and is committed here.")));
	ProcDiePending = true;
	InterruptPending = true;
}

/* Between the two events of one transaction: does it need a lease? */
static bool needs_lease = false;

static void
guard_commit(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT && needs_lease)
	{
		needs_lease = false;
		withhold_late_acknowledgement();
		return;
	}
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		return;
	needs_lease = false;
	/* sessions of clients only: a background worker has nobody to tell, and a parallel worker commits nothing */
	if (MyBackendType != B_BACKEND || IsParallelWorker())
		return;
	/* without a transaction id nothing was written that a failover could lose */
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	/* the session's user, not the current one: SET ROLE and SECURITY DEFINER functions are no way around */
	if (superuser_arg(GetSessionUserId()))
		return;

	refuse_unreplicated_commit();
	if (lease_file[0] == '\0')
		return;
	refuse_commit_without_lease();
	needs_lease = event == XACT_EVENT_PRE_COMMIT;
}

/* Read once: a machine that starts anew starts this server anew. */
static void
read_boot_id(void)
{
	int			fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t		length = fd < 0 ? -1 : read(fd, boot_id, BOOT_ID_LENGTH);

	if (fd >= 0)
		close(fd);
	if (length != BOOT_ID_LENGTH)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("holdfast_commit_guard can't read %s, and without it can't tell a lease of this start of the machine from an older one", BOOT_ID_FILE)));
}

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("holdfast_commit_guard must be loaded via shared_preload_libraries")));
	DefineCustomStringVariable("holdfast_commit_guard.lease_file",
							   "File with the deadline of this region's right to write; empty: commits need none.",
							   NULL, &lease_file, "", PGC_POSTMASTER, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("holdfast_commit_guard");
	if (lease_file[0] != '\0')
		read_boot_id();
	/* Callbacks run in the reverse order of their registration: the first library in shared_preload_libraries checks last. */
	RegisterXactCallback(guard_commit, NULL);
}
