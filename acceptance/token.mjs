// Prints a token that ends after so many milliseconds: node token.mjs 8000
import { issueShortToken } from './world.mjs';

const { ACCEPTANCE_ORIGIN, ACCEPTANCE_SESSION } = process.env;
process.stdout.write(await issueShortToken(ACCEPTANCE_ORIGIN, ACCEPTANCE_SESSION, Number(process.argv[2])));
