/** Whether everything is to be tried (`make lab`) or a sample of it. */
export const WHOLE = process.env.LAB === 'whole';
