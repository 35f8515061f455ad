/** The history of one run: its events and how they are read from a file. */
export * from './events';
export { HistoryError, parseHistory, type HistoryProblem } from './history-parser';
