using System.Net;
using System.Net.Sockets;

namespace Cv.Reporting;

/// <summary>
/// Answers HTTP requests from this machine alone: a listener on 127.0.0.1, one task a connection, one request a connection. A request that is
/// malformed, too long, too slow, or meant for another host is refused, and the rest goes on.
/// </summary>
sealed class LoopbackServer : IDisposable
{
    const int MostConnections = 64;

    readonly TcpListener _listener;
    readonly Func<HttpExchange, Task> _answer;
    readonly CancellationTokenSource _over = new();
    readonly Task _accepting;
    int _connections;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public LoopbackServer(int port, Func<HttpExchange, Task> answer)
    {
        _answer = answer;
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(Accept);
    }

    /// <summary>Gives the port that it listens on.</summary>
    public int Port { get; }

    public void Dispose()
    {
        if (_over.IsCancellationRequested)
            return;
        _over.Cancel();
        _listener.Stop();
        _accepting.Wait();
        // clients are told that it is over; one that does not listen is not waited for
        SpinWait.SpinUntil(() => Volatile.Read(ref _connections) == 0, TimeSpan.FromSeconds(1));
    }

    async Task Accept()
    {
        while (!_over.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_over.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                continue; // a client that went away before it was met
            }
            if (Interlocked.Increment(ref _connections) > MostConnections)
            {
                socket.Dispose();
                Interlocked.Decrement(ref _connections);
                continue;
            }
            _ = Task.Run(() => Serve(socket));
        }
    }

    async Task Serve(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            var exchange = await HttpExchange.Read(stream, Port, _over.Token).ConfigureAwait(false);
            if (exchange is not null)
                await _answer(exchange).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // the client has gone, or was too slow
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }
}
