// Walks the lists of a server with the TypeScript client that openapi-generator made of openapi.json. Type-checked with all of the client.
import {
    Configuration, ContactsApi, ConversationsApi, ResponseError, TeamsApi, UsersApi,
    type Contact, type ErrorBody, type Team, type User,
} from './client/index.js';

const configuration = new Configuration({ basePath: process.env.DOTDESK_URL, accessToken: process.env.DOTDESK_TOKEN });
const contacts = new ContactsApi(configuration);
const conversations = new ConversationsApi(configuration);
const teams = new TeamsApi(configuration);
const users = new UsersApi(configuration);

function same(found: unknown, wanted: unknown): void {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
        throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
    }
}

type Page<T> = { data: Array<T>; nextCursor: string | null };

async function walk<T>(page: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
    const seen: T[] = [];
    let cursor: string | null = null;
    do {
        const answer: Page<T> = await page(cursor);
        seen.push(...answer.data);
        cursor = answer.nextCursor;
    } while (cursor !== null);
    return seen;
}

const ids = (objects: Array<{ id: string }>): string[] => objects.map((object) => object.id);

const everybody: User[] = await walk((cursor) => users.usersList({ usersListArguments: { limit: 2, cursor } }));
same(ids(everybody), ids((await users.usersList({ usersListArguments: { limit: 1000 } })).data));
const people: Contact[] = await walk((cursor) => contacts.contactsList({ contactsListArguments: { limit: 2, cursor } }));
same(ids(people), ids((await contacts.contactsList({ contactsListArguments: { limit: 1000 } })).data));
const open = await walk((cursor) => conversations.conversationsList({ conversationsListArguments: { limit: 2, cursor, filters: 'status:open' } }));
same(everybody.length > 2 && people.length > 2 && open.length > 2, true);

const team: Team = await teams.teamsCreate({ teamsCreateArguments: { name: 'Night shift', userIds: [everybody[0]!.id], query: { conversations: 'source:*sms' } } });
same([team.name, team.userIds, team.query?.conversations, team.version], ['Night shift', [everybody[0]!.id], 'source:*sms', 1]);
const changed: Team = await teams.teamsUpdate({ teamsUpdateArguments: { id: team.id, description: 'From 22:00', ifVersion: 1 } });
same([changed.description, changed.version, changed.createdAt.getTime()], ['From 22:00', 2, team.createdAt.getTime()]);
same(await teams.teamsDelete({ teamsDeleteArguments: { id: team.id } }), undefined);

try {
    await teams.teamsInfo({ teamsInfoArguments: { id: team.id } });
    throw new Error('nothing was refused');
} catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const body: { error: ErrorBody } = await error.response.json();
    same([error.response.status, body.error.code], [404, 'team_not_found']);
}

console.log('The generated TypeScript client works.');
