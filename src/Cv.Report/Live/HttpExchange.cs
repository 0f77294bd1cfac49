using System.Net.Sockets;
using System.Text;

namespace Cv.Reporting;

/// <summary>Is one request and its answer: the little of HTTP/1.1 (RFC 9112) that one page needs. Only GET is served, and each connection once.</summary>
sealed class HttpExchange
{
    const int LongestHead = 16 * 1024;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);
    const int BeatsOfSilence = 60;

    readonly NetworkStream _stream;
    readonly CancellationToken _over;

    HttpExchange(NetworkStream stream, string path, CancellationToken over) => (_stream, Path, _over) = (stream, path, over);

    /// <summary>Gives the path that was asked for, without the query.</summary>
    public string Path { get; }

    /// <summary>Reads a request; null when it was refused, and answered so.</summary>
    public static async Task<HttpExchange?> Read(NetworkStream stream, int port, CancellationToken over)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(over);
        patience.CancelAfter(Patience);
        string? head = await ReadHead(stream, patience.Token).ConfigureAwait(false);
        var exchange = new HttpExchange(stream, "", over);
        if (head is null)
            return await exchange.Refuse("431 Request Header Fields Too Large").ConfigureAwait(false);
        string[] lines = head.Split("\r\n");
        if (lines[0].Split(' ') is not [var method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"])
            return await exchange.Refuse("400 Bad Request").ConfigureAwait(false);
        // a page of another origin may name this address under a host name of its own; it gets nothing
        string host = lines.Skip(1).FirstOrDefault(l => l.StartsWith("host:", StringComparison.OrdinalIgnoreCase))?[5..].Trim() ?? "";
        if (host != $"127.0.0.1:{port}" && host != $"localhost:{port}")
            return await exchange.Refuse("403 Forbidden").ConfigureAwait(false);
        if (method != "GET")
            return await exchange.Refuse("405 Method Not Allowed").ConfigureAwait(false);
        return new(stream, target.Split('?')[0], over);
    }

    /// <summary>Answers with a text.</summary>
    public async Task Reply(string status, string type, string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        byte[] head = Head(status, type, $"Content-Length: {body.Length}\r\n");
        await Send([.. head, .. body]).ConfigureAwait(false);
    }

    /// <summary>Answers with server-sent events: what changed, four times a second, until either side ends it.</summary>
    /// <param name="changes">Gives the messages since it was last asked.</param>
    public async Task Stream(Func<IEnumerable<string>> changes)
    {
        await Send(Head("200 OK", "text/event-stream", "")).ConfigureAwait(false);
        int silent = 0;
        while (!_over.IsCancellationRequested)
        {
            string messages = string.Concat(changes());
            // a comment now and then, by which one learns that the client has gone
            if (messages.Length == 0 && ++silent >= BeatsOfSilence)
                messages = ":\n\n";
            if (messages.Length > 0)
            {
                silent = 0;
                await Send(Encoding.UTF8.GetBytes(messages)).ConfigureAwait(false);
            }
            await Task.Delay(Often, _over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Send(Encoding.UTF8.GetBytes(string.Concat(changes()) + "event: end\ndata: {}\n\n")).ConfigureAwait(false);
    }

    static async Task<string?> ReadHead(NetworkStream stream, CancellationToken patience)
    {
        byte[] buffer = new byte[LongestHead];
        int count = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(count), patience).ConfigureAwait(false);
            if (read == 0)
                throw new IOException("the request ended early");
            count += read;
            int end = buffer.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return Encoding.Latin1.GetString(buffer, 0, end);
            if (count == buffer.Length)
                return null;
        }
    }

    static byte[] Head(string status, string type, string more) =>
        Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {type}; charset=utf-8\r\n{more}Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nConnection: close\r\n\r\n"
        );

    async Task<HttpExchange?> Refuse(string status)
    {
        await Reply(status, "text/plain", status + "\n").ConfigureAwait(false);
        return null;
    }

    async Task Send(byte[] bytes)
    {
        // a client that no longer reads is given up, also while the server ends
        using var patience = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(bytes, patience.Token).ConfigureAwait(false);
    }
}
