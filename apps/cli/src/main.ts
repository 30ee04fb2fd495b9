#!/usr/bin/env node
import { version } from '@key-connector/common';
import { CommandFactory } from 'nest-commander';
import { CliModule } from './cli.module.js';
import { reportFailure } from './report-failure.js';

await CommandFactory.run(CliModule, { version, serviceErrorHandler: reportFailure });
