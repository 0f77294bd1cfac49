namespace Cv.Runtime;

/// <summary>Reads another stream, and sums what it read by CRC-32 as ZIP does (ISO 3309, the polynomial 0x04C11DB7, bits reflected).</summary>
sealed class Crc32Stream(Stream source) : Stream
{
    static readonly uint[] Table = MakeTable();
    uint _sum = uint.MaxValue;

    /// <summary>Gives the sum of what was read so far.</summary>
    public uint Sum => ~_sum;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int read = source.Read(buffer);
        foreach (byte b in buffer[..read])
            _sum = Table[(byte)(_sum ^ b)] ^ _sum >> 8;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            source.Dispose();
        base.Dispose(disposing);
    }

    static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint sum = i;
            for (int bit = 0; bit < 8; bit++)
                sum = (sum & 1) != 0 ? 0xEDB88320 ^ sum >> 1 : sum >> 1;
            table[i] = sum;
        }
        return table;
    }
}
