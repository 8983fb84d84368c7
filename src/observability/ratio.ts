/** How much of all is good, 0 to 1; 1 when nothing has happened yet: no news is good news. */
export const ratio = (good: number, bad: number): number => (good + bad === 0 ? 1 : good / (good + bad))
