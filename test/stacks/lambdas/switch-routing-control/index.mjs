export const handler = () => undefined; // stands for the bundle: what is in it is tested elsewhere
