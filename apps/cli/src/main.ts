#!/usr/bin/env node
import { launch } from '@key-connector/launch';

launch(() => import('./run.js').then(({ run }) => run()));
