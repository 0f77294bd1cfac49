using System.Text;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Reads the whole lines of a file one by one; memory holds the longest of them.</summary>
/// <param name="stream">The file, at its start.</param>
/// <param name="mostBytes">What a line may hold.</param>
/// <param name="name">Names the file in messages.</param>
sealed class LineReader(Stream stream, int mostBytes, string name)
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    byte[] _bytes = new byte[1 << 12];
    int _start;
    int _count;

    /// <summary>Gives where the last whole line ends.</summary>
    public long End { get; private set; }

    /// <summary>Gives what stands behind the last whole line, once there are no more.</summary>
    public ReadOnlySpan<byte> Torn => _bytes.AsSpan(_start, _count);

    /// <summary>Gives the next line, without its end; null where there is no whole one.</summary>
    /// <exception cref="DataException">The line is too long, or no text.</exception>
    public string? Next()
    {
        int seen = 0;
        while (true)
        {
            int length = _bytes.AsSpan(_start + seen, _count - seen).IndexOf((byte)'\n');
            if (length >= 0)
                return Take(seen + length);
            seen = _count;
            if (_count > mostBytes)
                throw new DataException(
                    $"{name}: at offset {End}: expected a line of at most {mostBytes} bytes, found a longer one. Remove the file."
                );
            if (_start > 0 || _count == _bytes.Length)
                MakeRoom();
            int read = stream.Read(_bytes, _count, _bytes.Length - _count);
            if (read == 0)
                return null;
            _count += read;
        }
    }

    string Take(int length)
    {
        string line;
        try
        {
            line = Strict.GetString(_bytes, _start, length);
        }
        catch (DecoderFallbackException ex)
        {
            throw new DataException(
                $"{name}: at offset {End}: expected a line of UTF-8, found other bytes. Remove the line and those after it.",
                ex
            );
        }
        _start += length + 1;
        _count -= length + 1;
        End += length + 1;
        return line;
    }

    void MakeRoom()
    {
        byte[] room = _count > _bytes.Length / 2 ? new byte[2 * _bytes.Length] : _bytes;
        _bytes.AsSpan(_start, _count).CopyTo(room);
        (_bytes, _start) = (room, 0);
    }
}
