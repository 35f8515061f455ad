/** Pure functions over a history and a window. Each is tested by planting the fault that it must find. */
export * from './errors';
export * from './gaps';
export * from './health';
export * from './intervals';
export * from './leadership';
export * from './rows';
export * from './sampling';
export * from './stages';
export * from './writability';
