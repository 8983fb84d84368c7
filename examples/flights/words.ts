/** 20000 ⇒ `20,000` */
export const count = (number: number): string => number.toLocaleString('en-US')
