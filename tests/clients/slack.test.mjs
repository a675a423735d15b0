// @slack/web-api, unmodified, with another address. SDK names the version: @slack/web-api or web-api-7.
import assert from 'node:assert/strict';
import test from 'node:test';
import { narrowToken, native, token, url } from './desk.mjs';

const { ErrorCode, LogLevel, WebClient, retryPolicies } = (await import(process.env.SDK)).default;

const options = { slackApiUrl: `${url}/api`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR };
const client = new WebClient(token, options);
const nobody = '0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6';

/** The error of a call that is refused by the method, not by the network. */
async function refused(call) {
    const error = await assert.rejects(call).then(() => call.catch((error) => error));
    assert.equal(error.code, ErrorCode.PlatformError, error);
    assert.equal(error.data.ok, false);
    return error.data;
}

test('R4: paginate walks a list', async () => {
    const whole = (await native('users.list', { limit: 1000 })).data;
    const seen = [];
    let pages = 0;
    for await (const page of client.paginate('users.list', { limit: 3 })) {
        seen.push(...page.data);
        assert.ok(++pages < 100);
    }
    assert.deepEqual(seen, whole);
    assert.ok(pages > 1);
});

test('R11: paginate asks for pages of its own size', async () => {
    const seen = [];
    for await (const page of client.paginate('users.list')) seen.push(...page.data);
    assert.deepEqual(seen, (await native('users.list', { limit: 1000 })).data);
});

test('R4: paginate stops where it is told to', async () => {
    const found = await client.paginate('users.list', { limit: 1 }, (page) => page.data.length > 0, (had, page) => page.data[0].id);
    assert.equal(found, (await native('users.list', { limit: 1 })).data[0].id);
});

test('R7: nested arguments, flags and nothing', async () => {
    const users = (await native('users.list', { limit: 2 })).data.map((user) => user.id);
    const query = { conversations: 'source:*sms' };
    const team = await client.apiCall('teams.create', { name: 'Node', query, user_ids: users, is_support_enabled: false, description: null });
    assert.deepEqual([team.query, team.user_ids, team.is_support_enabled], [query, users, false]);
    const changed = await client.apiCall('teams.update', { id: team.id, query: { conversations: 'source:*mail' }, is_support_enabled: true });
    assert.deepEqual([changed.query.conversations, changed.is_support_enabled], ['source:*mail', true]);
    const cleared = await client.apiCall('teams.update', { id: team.id, description: '' });
    assert.equal(cleared.description, null);
});

test('R12: errors are platform errors with the code, and are not sent again', async () => {
    // With the SDK's own policy a failure of the network would be tried for half an hour.
    const eager = new WebClient(token, { ...options, retryConfig: retryPolicies.tenRetriesInAboutThirtyMinutes });
    const began = Date.now();
    assert.equal((await refused(eager.apiCall('teams.info', { id: nobody }))).error, 'team_not_found');
    assert.equal((await refused(eager.apiCall('no.such.method'))).error, 'unknown_method');
    const wrong = await refused(eager.apiCall('teams.create', { nmae: 'x' }));
    assert.deepEqual(wrong.errors.map((each) => [each.pointer, each.code]), [['/nmae', 'unknown_field'], ['/name', 'required']]);
    assert.match(wrong.response_metadata.messages[0], /^\[ERROR\] .+ \[json-pointer:\/nmae\]$/);
    assert.ok(Date.now() - began < 5000);
});

test('R12: the SDK logs the messages by itself', async () => {
    const logged = [];
    const logger = {
        debug() {}, info() {}, warn() {}, error: (...message) => logged.push(message.join(' ')),
        setLevel() {}, getLevel: () => LogLevel.ERROR, setName() {},
    };
    const quiet = new WebClient(token, { ...options, logLevel: undefined, logger });
    await refused(quiet.apiCall('teams.create', { nmae: 'x' }));
    assert.ok(logged.some((line) => line.includes("unknown field 'nmae'")), logged.join('\n'));
});

test('R14: scopes', async () => {
    const narrow = new WebClient(await narrowToken(), options);
    const listed = await narrow.apiCall('teams.list');
    assert.deepEqual([listed.response_metadata.scopes, listed.response_metadata.acceptedScopes], [['teams:read'], ['teams:read']]);
    const data = await refused(narrow.apiCall('teams.create', { name: 'No' }));
    assert.deepEqual([data.error, data.needed, data.provided], ['missing_scope', 'teams:write', 'teams:read']);
});

test('R9: a token as an argument', async () => {
    const nobodyYet = new WebClient(undefined, options);
    assert.equal((await refused(nobodyYet.apiCall('roles.list'))).error, 'not_authed');
    assert.ok((await nobodyYet.apiCall('roles.list', { token, limit: 1 })).ok);
    // A workspace that the client was set up for is no argument of ours.
    assert.ok((await new WebClient(token, { ...options, teamId: 'T1' }).apiCall('roles.list', { limit: 1 })).ok);
});

test('R15: auth.test and api.test', async () => {
    const me = await client.auth.test();
    for (const name of ['url', 'team', 'user', 'team_id', 'user_id']) assert.equal(typeof me[name], 'string', name);
    assert.deepEqual((await client.api.test({ foo: 'bar' })).args.foo, 'bar');
    assert.equal((await refused(client.api.test({ error: 'my_error' }))).error, 'my_error');
});

test('R1: what answers nothing answers ok', async () => {
    const team = await client.apiCall('teams.create', { name: 'Short-lived' });
    const gone = await client.apiCall('teams.delete', { id: team.id });
    assert.equal(gone.ok, true);
    assert.equal((await refused(client.apiCall('teams.info', { id: team.id }))).error, 'team_not_found');
});

test('R18: a buffer is a file', async () => {
    const bytes = Buffer.from([0, 1, 2, 0xff, 0xfe, 10]);
    const file = await client.apiCall('files.create', { file: bytes, name: 'bytes.bin', content_type: 'application/octet-stream' });
    assert.equal(file.name, 'bytes.bin');
    const read = await native('files.read', { id: file.id });
    assert.equal(read.content_base64, bytes.toString('base64'));
    assert.equal((await refused(client.apiCall('teams.create', { name: bytes }))).error, 'invalid_form_data');
});

test('a write with a key happens once, through either door', async () => {
    const key = `node-${process.env.SDK}`;
    const one = await client.apiCall('teams.create', { name: 'Once', idempotency_key: key });
    const two = await client.apiCall('teams.create', { name: 'Once', idempotency_key: key });
    assert.equal(two.id, one.id);
    assert.equal((await native('teams.create', { name: 'Once', idempotency_key: key })).id, one.id);
});
