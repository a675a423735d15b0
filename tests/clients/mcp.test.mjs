// The official Node clients of the Model Context Protocol. CLIENT names one: v2 speaks the newest revision and the handshake, sdk the
// handshake of 2025-11-25, and sdk-2025-06 that of 2025-06-18.
import assert from 'node:assert/strict';
import test from 'node:test';
import { narrowToken, native, token, url } from './desk.mjs';

const packages = { v2: ['@modelcontextprotocol/client'], sdk: '@modelcontextprotocol/sdk', 'sdk-2025-06': 'mcp-sdk-of-2025-06' };
const [name, pin] = process.env.CLIENT.split('@');
const { Client, StreamableHTTPClientTransport } = name === 'v2'
    ? await import('@modelcontextprotocol/client')
    : {
        ...(await import(`${packages[name]}/client/index.js`)),
        ...(await import(`${packages[name]}/client/streamableHttp.js`)),
    };
const spoken = { v2: pin, sdk: '2025-11-25', 'sdk-2025-06': '2025-06-18' }[name];
const options = name !== 'v2' ? {} : { versionNegotiation: { mode: pin === '2026-07-28' ? { pin } : 'legacy' } };

async function connected(path, key, work) {
    const client = new Client({ name: 'suite', version: '1.0.0' }, options);
    const transport = new StreamableHTTPClientTransport(new URL(url + path), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
    await client.connect(transport);
    try {
        await work(client, transport);
    } finally {
        await client.close();
    }
}

/** All tools, page by page. */
async function tools(client) {
    const found = [];
    let cursor;
    do {
        const page = await client.listTools(cursor ? { cursor } : undefined);
        found.push(...page.tools);
        cursor = page.nextCursor;
    } while (cursor);
    return found;
}

const text = (result) => JSON.parse(result.content[0].text);

test('every method is a tool and can be called', () => connected('/mcp/all', token, async (client, transport) => {
    assert.equal(client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion, spoken);
    const found = await tools(client);
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const names = new Set(found.map((tool) => tool.name));
    assert.equal(names.size, found.length);
    const missing = Object.entries(document.paths)
        .filter(([path, item]) => !JSON.stringify(item.post.responses).includes('text/event-stream') && !names.has(path.slice(1).replaceAll('.', '_')));
    assert.deepEqual(missing.map(([path]) => path), []);

    const team = await client.callTool({ name: 'teams_create', arguments: { name: `Made by ${process.env.CLIENT}`, query: { conversations: 'source:*sms' } } });
    assert.ok(!team.isError, JSON.stringify(team));
    assert.deepEqual(team.structuredContent, await native('teams.info', { id: team.structuredContent.id }));
    const gone = await client.callTool({ name: 'teams_delete', arguments: { id: team.structuredContent.id } });
    assert.deepEqual(text(gone), { deleted: true });

    const wrong = await client.callTool({ name: 'teams_create', arguments: { nmae: 'x' } });
    assert.equal(wrong.isError, true);
    assert.deepEqual([text(wrong).error.code, text(wrong).error.errors[0].pointer], ['invalid_arguments', '/nmae']);
}));

test('two tools reach everything', () => connected('/mcp/minimal', token, async (client) => {
    assert.deepEqual((await tools(client)).map((tool) => tool.name).sort(), ['methods_call', 'methods_search']);
    const search = await client.callTool({ name: 'methods_search', arguments: { query: 'add a member to a team' } });
    assert.ok(!search.isError && search.content[0].text.includes('teams.addMember'), search.content[0].text.slice(0, 300));
}));

test('the curated list is short', () => connected('/mcp', token, async (client) => {
    const names = (await tools(client)).map((tool) => tool.name);
    assert.ok(names.length <= 42 && names.includes('conversations_list') && names.includes('methods_call'), String(names.length));
}));

test('what a token may not do it does not see', async () => connected('/mcp/all', await narrowToken(), async (client) => {
    const names = (await tools(client)).map((tool) => tool.name);
    assert.ok(names.includes('teams_list') && !names.includes('teams_create') && !names.includes('contacts_list'));
    assert.ok(!(await client.callTool({ name: 'teams_list', arguments: { limit: 1 } })).isError);
}));

test('an unknown tool is an error of the protocol', () => connected('/mcp', token, async (client) => {
    const error = await client.callTool({ name: 'no_such_tool', arguments: {} }).then(() => assert.fail('it was not refused'), (error) => error);
    assert.equal(error.code, -32602, String(error));
}));

test('without a token nobody gets in', async () => {
    await assert.rejects(connected('/mcp', 'nonsense', async () => assert.fail('it got in')));
});
