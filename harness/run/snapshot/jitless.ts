/** Imported before any schema is made: a short process checks too little to gain from compiled checks. */
import { z } from 'zod';

z.config({ jitless: true });
