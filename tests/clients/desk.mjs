// What the Node suites share: the server that .ci/with-server has started, asked natively.
export const url = process.env.DOTDESK_URL;
export const token = process.env.DOTDESK_TOKEN;

export async function native(method, args = {}) {
    const answer = await fetch(`${url}/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(args),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
}

/** A key that may read teams and nothing else. */
export const narrowToken = async () => (await native('apiKeys.create', { name: 'Narrow', scopes: ['teams:read'] })).secret;
