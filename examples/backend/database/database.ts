import type { QueryResult, QueryResultRow } from 'pg';

/** The database as the service's parts see it. */
export interface Database {
  /**
   * One statement, its own transaction, sent again over a failover until `deadlineMs` has passed: only for statements whose effect can't come twice.
   * @throws Problem 503 when it couldn't be done in time; the database's own error when it refused the statement
   */
  retried<R extends QueryResultRow>(statement: Statement, deadlineMs: number): Promise<QueryResult<R>>;
  /** One attempt. @throws the error as it was */
  once<R extends QueryResultRow>(statement: Statement, timeoutMs?: number): Promise<QueryResult<R>>;
}

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}
