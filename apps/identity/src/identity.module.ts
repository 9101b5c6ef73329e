import { type DynamicModule, Module } from '@nestjs/common';
import { AuthenticationController } from './authentication.controller.ts';
import { CertificatesController } from './certificates.controller.ts';
import { type Clock, clock } from './clock.ts';
import { type Database, database } from './db/schema.ts';
import { Registrar } from './registrar.ts';
import { Revocations } from './revocations.ts';
import { Roles } from './role.ts';
import { RolesController } from './roles.controller.ts';
import { ServiceAccountsController } from './service-accounts.controller.ts';
import { ServiceAccounts } from './service-accounts.ts';
import { Subjects } from './subjects.ts';
import { TokenOwners } from './token-owners.ts';
import { TokensController } from './tokens.controller.ts';
import { Tokens } from './tokens.ts';
import { UsersController } from './users.controller.ts';

export interface IdentityParts {
  readonly db: Database;
  readonly now: Clock;
  readonly subjects: Subjects;
  readonly tokens: Tokens;
  readonly revocations: Revocations;
  readonly registrar: Registrar;
}

@Module({})
class IdentityModule {}

/** Wires identity's controllers. */
export function identityModule({ db, now, subjects, tokens, revocations, registrar }: IdentityParts): DynamicModule {
  const roles = new Roles();
  return {
    module: IdentityModule,
    controllers: [
      AuthenticationController,
      TokensController,
      UsersController,
      ServiceAccountsController,
      RolesController,
      CertificatesController,
    ],
    providers: [
      { provide: database, useValue: db },
      { provide: clock, useValue: now },
      { provide: Subjects, useValue: subjects },
      { provide: Tokens, useValue: tokens },
      { provide: Roles, useValue: roles },
      { provide: Revocations, useValue: revocations },
      { provide: Registrar, useValue: registrar },
      { provide: TokenOwners, useValue: new TokenOwners(subjects, roles) },
      { provide: ServiceAccounts, useValue: new ServiceAccounts(subjects, tokens, revocations) },
    ],
  };
}
