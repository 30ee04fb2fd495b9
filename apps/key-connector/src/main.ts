import { launch } from '@key-connector/launch';

launch(() => import('./serve.js').then(({ serve }) => serve()));
