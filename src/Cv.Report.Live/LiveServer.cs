using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Cv.Reporting;

/// <summary>
/// Answers HTTP requests from this machine alone, by ASP.NET Core's Kestrel: the server itself, without a host around it, so that it reads no settings, writes no log and
/// leaves Ctrl+C to the program. Limits are of a connection; what a client does not read is not kept for it.
/// </summary>
sealed class LiveServer : IHttpApplication<HttpContext>, IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    static readonly byte[] NotFound = "There is one page here: /\n"u8.ToArray();
    static readonly byte[] Forbidden = "This page is for this machine, under its own address.\n"u8.ToArray();
    static readonly byte[] NotAllowed = "This page is only read: GET or HEAD.\n"u8.ToArray();

    readonly KestrelServer _server;
    readonly LiveState _state;
    readonly LiveStreams _streams;
    readonly CancellationTokenSource _over = new();
    int _disposed;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="LivePageException">The port cannot be had.</exception>
    public LiveServer(int port, LiveState state, LiveStreams streams)
    {
        (_state, _streams) = (state, streams);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new(Options.Create(Limited(port)), transport, NullLoggerFactory.Instance);
        try
        {
            Task.Run(() => _server.StartAsync(this, CancellationToken.None)).GetAwaiter().GetResult();
        }
        catch (Exception ex) when (ex is IOException or SocketException or UnauthorizedAccessException)
        {
            _server.Dispose();
            _over.Dispose();
            throw new LivePageException(
                $"live page: port {port} of 127.0.0.1 must be free, and open to this user; got \"{ex.Message}\". Choose another, or 0 for any that is free.",
                ex
            );
        }
        Port = new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    /// <summary>Gives the port that it listens on.</summary>
    public int Port { get; }

    /// <summary>Stops: open streams are sent the last state and the end, and a client that does not take it is left after a second.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _over.Cancel();
        using var farewell = new CancellationTokenSource(Farewell);
        Task.Run(() => _server.StopAsync(farewell.Token)).GetAwaiter().GetResult();
        _server.Dispose();
    }

    HttpContext IHttpApplication<HttpContext>.CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    void IHttpApplication<HttpContext>.DisposeContext(HttpContext context, Exception? exception) { }

    async Task IHttpApplication<HttpContext>.ProcessRequestAsync(HttpContext context)
    {
        try
        {
            await Answer(context).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException)
        {
            // the client has gone, or was too slow
            context.Abort();
        }
    }

    Task Answer(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (!IsOurs(context.Request))
            return Reply(context, StatusCodes.Status403Forbidden, "text/plain", Forbidden);
        if (context.Request.Method is not ("GET" or "HEAD")) // methods are case-sensitive
        {
            headers.Allow = "GET, HEAD";
            return Reply(context, StatusCodes.Status405MethodNotAllowed, "text/plain", NotAllowed);
        }
        return context.Request.Path.Value switch
        {
            "/" => Reply(context, StatusCodes.Status200OK, "text/html", _state.Page()),
            "/events" => Events(context),
            _ => Reply(context, StatusCodes.Status404NotFound, "text/plain", NotFound),
        };
    }

    // a page from elsewhere may name this address under a host name of its own (DNS rebinding), or ask from its own origin; it gets nothing
    bool IsOurs(HttpRequest request)
    {
        var host = request.Host;
        bool named = host.Host == "127.0.0.1" || string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase);
        if (!named || (host.Port ?? 80) != Port)
            return false;
        return request.Headers.Origin.Count == 0 || request.Headers.Origin == $"http://{host.Value}";
    }

    static async Task Reply(HttpContext context, int status, string type, byte[] body)
    {
        var response = context.Response;
        (response.StatusCode, response.ContentType, response.ContentLength) = (status, $"{type}; charset=utf-8", body.Length);
        if (context.Request.Method != "HEAD")
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    async Task Events(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        if (context.Request.Method == "HEAD")
            return;
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await _streams.Serve(context, _over.Token).ConfigureAwait(false);
    }

    static KestrelServerOptions Limited(int port)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        var limits = options.Limits;
        (limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize, limits.MaxRequestHeaderCount) = (4 * 1024, 16 * 1024, 64);
        (limits.MaxRequestBufferSize, limits.MaxResponseBufferSize, limits.MaxRequestBodySize) = (32 * 1024, 32 * 1024, 0);
        (limits.RequestHeadersTimeout, limits.KeepAliveTimeout) = (Patience, Patience);
        limits.MaxConcurrentConnections = 1024;
        // what a client does not read for so long, it is not waited for
        limits.MinResponseDataRate = new(bytesPerSecond: 240, gracePeriod: Patience);
        return options;
    }
}
