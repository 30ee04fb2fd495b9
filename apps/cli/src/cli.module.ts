import { Module } from '@nestjs/common';
import { Deployment } from './deployment/deployment.js';
import { groups, Program, single } from './program.js';

/** The program and its commands. */
@Module({ providers: [Program, Deployment, ...groups.flatMap(({ commands }) => commands), ...single] })
export class CliModule {}
