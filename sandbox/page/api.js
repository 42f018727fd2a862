// Calls of the control API. What it refuses is thrown as an Error with its own sentence.

export async function call(method, path, body) {
  const options = { method };
  if (body instanceof FormData) options.body = body;
  else if (body) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`/sandbox${path}`, options);
  const result = await answer.json().catch(() => ({ description: answer.statusText }));
  if (!answer.ok) throw new Error(result.description.replace(/^(Bad Request|Not Found): /, ""));
  return result;
}

// Says what changed, from `onListening` on: what one looks at there has no gap to the first event. After a lost
// connection (the sandbox was started again) everything is looked at anew.
export function listen(onEvent, onListening, onReconnect) {
  const source = new EventSource("/sandbox/events");
  let lost = false;
  source.onopen = () => {
    if (lost) onReconnect();
    else onListening();
  };
  source.onerror = () => {
    lost = true;
  };
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
}
