/*
 * holdfast_commit_guard: a commit that is acknowledged is on the synchronous standby.
 *
 * synchronous_commit is a user-settable parameter: with `off`, `local` or `remote_write` a session gets its acknowledgement before a standby
 * has the transaction on disk, and a failover loses it, strict synchronous mode or not; an isolated old primary goes on committing such
 * transactions for seconds. This library (shared_preload_libraries) refuses them at commit, for every client session whose user is no superuser.
 *
 * Left alone: superusers (Patroni, initdb, repairs), transactions that wrote nothing, background workers. COMMIT PREPARED is not seen, because its
 * own transaction writes nothing: leave max_prepared_transactions at 0, PostgreSQL's default.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_MODULE_MAGIC;

void _PG_init(void);

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
refuse_unreplicated_commit(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		return;
	if (synchronous_commit >= SYNCHRONOUS_COMMIT_REMOTE_FLUSH)
		return;
	/* sessions of clients only: a background worker has nobody to tell, and a parallel worker commits nothing */
	if (MyBackendType != B_BACKEND || IsParallelWorker())
		return;
	/* without a transaction id nothing was written that a failover could lose */
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	/* the session's user, not the current one: SET ROLE and SECURITY DEFINER functions are no way around */
	if (superuser_arg(GetSessionUserId()))
		return;

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("commit refused: synchronous_commit = %s does not wait until the synchronous standby has the transaction",
					setting_name(synchronous_commit)),
			 errhint("Use synchronous_commit = on (the default) or remote_apply; only superusers may commit without the standby.")));
}

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("holdfast_commit_guard must be loaded via shared_preload_libraries")));
	RegisterXactCallback(refuse_unreplicated_commit, NULL);
}
