using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds numbers in row-major order, of one dtype and a known shape, in pinned managed memory: the first element stands on a 64-byte
/// line, and at least 256 bytes past the last one may be read (never written). Disposing gives the memory back to a pool, at once or when
/// the last call that uses it has ended; forgetting to is harmless, the garbage collector takes it then.
/// </summary>
/// <remarks>Any method may be called while another thread disposes the tensor: it completes, or refuses. A span is the exception.</remarks>
/// <example><code>
/// using var x = Tensor.From([2, 3], new[] { 1f, 2, 3, 4, 5, 6 });
/// float last = x.AsSpan&lt;float&gt;()[^1];   // 6
/// </code></example>
public sealed partial class Tensor : IDisposable
{
    // bytes from the block's start: 0 but for a part of another tensor
    readonly nint _offset;
    readonly nint _address;
    Block? _block;

    Tensor(TensorType type, int size, Block block, nint offset = 0)
    {
        Type = type;
        Size = size;
        _block = block;
        _offset = offset;
        _address = block.Address + offset;
    }

    /// <summary>Gives dtype and shape.</summary>
    public TensorType Type { get; }

    /// <summary>Gives the shape; every extent is a number.</summary>
    public Shape Shape => Type.Shape;

    /// <summary>Gives the element type.</summary>
    public DType DType => Type.DType;

    /// <summary>Counts the elements.</summary>
    public int Size { get; }

    /// <summary>Counts the bytes of the elements.</summary>
    public long ByteSize => (long)Size * DType.ByteSize();

    /// <summary>Gives the address of the first element, a multiple of 64. It holds while the tensor is referenced and not disposed.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_block is null, this);
            return _address;
        }
    }

    /// <summary>Gives the address of the first element to who has claimed the memory, and so need not ask whether the tensor was disposed meanwhile.</summary>
    internal nint Place => _address;

    /// <summary>Gives the block, or null after the tensor was disposed.</summary>
    internal Block? Memory => Volatile.Read(ref _block);

    /// <summary>Makes a tensor of zeros (of false, for bool); f32 unless said otherwise.</summary>
    /// <exception cref="ShapeException">A dim is symbolic, the elements are more than 2^31 - 1, or they take 16 GiB.</exception>
    public static Tensor Zeros(Shape shape, DType dtype = DType.F32)
    {
        var tensor = Uninitialised(shape, dtype);
        tensor.Clear();
        return tensor;
    }

    /// <summary>Makes a tensor whose elements are whatever the memory held: for a caller that sets every one of them.</summary>
    /// <exception cref="ShapeException">A dim is symbolic, the elements are more than 2^31 - 1, or they take 16 GiB.</exception>
    public static Tensor Uninitialised(Shape shape, DType dtype = DType.F32)
    {
        if (!shape.IsKnown)
            throw new ShapeException(
                $"tensor: every dim must be a number; got {new TensorType(dtype, shape)}. Bind its symbols first: shape.Bind(...)."
            );
        int size = shape.Size;
        long bytes = (long)size * dtype.ByteSize();
        if (bytes > Block.MaximumBytes)
            throw new ShapeException(
                $"tensor: the elements must take at most {Block.MaximumBytes} bytes; got {new TensorType(dtype, shape)} with {bytes}. Split it, or use a smaller dtype."
            );
        return new(new(dtype, shape), size, BlockPool.Rent(bytes));
    }

    /// <summary>Sees the elements, row-major; T is float for f32, double for f64, int for i32, bool for bool. Keeps the memory alive.</summary>
    /// <remarks>Do not use the span after the tensor was disposed: the memory may belong to another one by then.</remarks>
    /// <exception cref="ShapeException">T is not the dtype's element type.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        var block = Memory;
        ObjectDisposedException.ThrowIf(block is null, this);
        return View<T>(block);
    }

    /// <summary>Gives the one element of a tensor of size 1, as f64 (true is 1).</summary>
    /// <exception cref="ShapeException">The tensor does not hold exactly one element.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public double Item()
    {
        if (Size != 1)
            throw new ShapeException($"item: the tensor must hold one element; got {Type} with {Size}. Index a span: AsSpan<T>()[i].");
        using var use = new Use(this);
        return At(use.Block, 0);
    }

    /// <summary>Copies the tensor into memory of its own.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Tensor Clone()
    {
        using var use = new Use(this);
        var copy = Uninitialised(Shape, DType);
        Bytes(use).CopyTo(copy.Bytes(new Use(copy._block!)));
        return copy;
    }

    /// <summary>Overwrites the elements with those of a tensor of the same dtype and shape.</summary>
    /// <exception cref="ShapeException">The other tensor has another dtype or shape.</exception>
    /// <exception cref="ObjectDisposedException">Either tensor was disposed.</exception>
    public void CopyFrom(Tensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Type != Type)
            throw new ShapeException($"copy: dtype and shape must agree; got {source.Type} for {Type}. Use Cast or Reshape first.");
        using var use = new Use(this);
        using var read = new Use(source);
        source.Bytes(read).CopyTo(Bytes(use));
    }

    /// <summary>Sees the same elements under another shape of the same size. The two share memory, which lives until both are disposed.</summary>
    /// <exception cref="ShapeException">The shape has another number of elements, or a symbolic dim.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Tensor Reshape(Shape shape)
    {
        if (!shape.IsKnown || shape.Size != Size)
            throw new ShapeException(
                $"reshape: sizes must agree; got {Type} with {Size} elements for {shape}. Give known dims whose product is {Size}."
            );
        return Share(shape);
    }

    /// <summary>Sees the first <paramref name="count"/> entries of the outermost axis. The two share memory, which lives until both are disposed.</summary>
    /// <exception cref="ShapeException">The tensor is a scalar, or has fewer entries.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Tensor First(int count)
    {
        if (Shape.Rank == 0 || count < 0 || count > Shape[0].Value)
            throw new ShapeException(
                $"first: the outermost axis must have at least that many entries; got {count} of {Type}. Ask for fewer."
            );
        return Share(Shape.With(0, count));
    }

    /// <summary>
    /// Gives <paramref name="count"/> entries of the outermost axis from <paramref name="start"/>, which the caller knows to be there: of this memory
    /// where they begin on a 64-byte line, as kernels need it, and a copy elsewhere.
    /// </summary>
    internal Tensor Rows(int start, int count)
    {
        if (TryRows(start, count) is { } seen)
            return seen;
        using var use = new Use(this);
        var copy = Uninitialised(Shape.With(0, count), DType);
        Bytes(use).Part(RowsBefore(start), copy.ByteSize).CopyTo(copy.Bytes(new Use(copy._block!)));
        return copy;
    }

    /// <summary>Sees entries of the outermost axis as <see cref="Rows"/> does; null where they do not begin on a 64-byte line.</summary>
    internal Tensor? TryRows(int start, int count) =>
        RowsBefore(start) is var before && before % Block.Line == 0 ? Share(Shape.With(0, count), (nint)before) : null;

    /// <summary>Overwrites entries of the outermost axis, from <paramref name="start"/>, which the caller knows to be there, with a tensor's elements.</summary>
    internal void SetRows(int start, Tensor rows)
    {
        using var use = new Use(this);
        using var read = new Use(rows);
        rows.Bytes(read).CopyTo(Bytes(use).Part(RowsBefore(start), rows.ByteSize));
    }

    /// <summary>Tells whether the two have a byte of memory in common.</summary>
    internal bool Overlaps(Tensor other) => _address < other._address + other.ByteSize && other._address < _address + ByteSize;

    /// <summary>Sets every element to 0, or false.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public void Clear()
    {
        using var use = new Use(this);
        Bytes(use).Clear();
    }

    /// <summary>Gives the memory back; a tensor that shares it keeps it alive, and a call that uses it until it ends. Disposing twice is harmless.</summary>
    public void Dispose() => Interlocked.Exchange(ref _block, null)?.Release();

    /// <summary>Prints type and first elements: f32[2,3] 1 2 3 4 5 6.</summary>
    public override string ToString()
    {
        const int shown = 8;
        if (TryTakeUse() is not { } block)
            return $"{Type} (disposed)";
        using var use = new Use(block);
        var text = Enumerable.Range(0, Math.Min(shown, Size)).Select(i => At(block, i).ToString("R", CultureInfo.InvariantCulture));
        return $"{Type} {string.Join(' ', text)}{(Size > shown ? " ..." : "")}";
    }

    /// <summary>Hands out the elements' bytes, in order, in pieces that a span can hold.</summary>
    internal void InPieces(Action<Span<byte>> use)
    {
        using var read = new Use(this);
        Bytes(read).InPieces(use);
    }

    long RowsBefore(int start) => Shape[0].Value == 0 ? 0 : ByteSize / Shape[0].Value * start;

    // a use that the new tensor goes on with
    Tensor Share(Shape shape, nint from = 0) => new(new(DType, shape), shape.Size, TakeUse(), _offset + from);

    /// <summary>Counts a user of the memory.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    Block TakeUse() => TryTakeUse() ?? throw new ObjectDisposedException(typeof(Tensor).FullName);

    Block? TryTakeUse()
    {
        var block = Memory;
        if (block?.TryUse() != true)
            return null;
        if (Memory == block)
            return block;
        // disposed meanwhile: the block may be another tensor's by now, which this use has not harmed
        block.Release();
        return null;
    }

    /// <summary>Keeps the memory of a tensor while a method reads or writes it, whoever disposes the tensor meanwhile.</summary>
    internal readonly ref struct Use(Block block)
    {
        public Use(Tensor tensor)
            : this(tensor.TakeUse()) { }

        public Block Block => block;

        public void Dispose() => block.Release();
    }

    // Elements are copied bitwise, whatever they are. Longs alone can count all bytes of the largest tensor in an int.
    Elements Bytes(Use use) => new(ref Unsafe.AddByteOffset(ref use.Block.Start, _offset), ByteSize);

    Span<T> View<T>(Block block)
        where T : unmanaged =>
        ElementType<T>() == DType
            ? MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref block.Start, _offset)), Size)
            : throw new ShapeException(
                $"tensor: a view must have the tensor's element type; got {typeof(T).Name} for {Type}. Ask for {ElementName(DType)}, or use Cast."
            );

    readonly ref struct Elements(ref byte start, long length)
    {
        const int Piece = 1 << 30;
        readonly ref byte _start = ref start;
        readonly long _length = length;

        public void Clear()
        {
            for (long at = 0; at < _length; at += Piece)
                Slice(at).Clear();
        }

        public void CopyTo(Elements target)
        {
            for (long at = 0; at < _length; at += Piece)
                Slice(at).CopyTo(target.Slice(at));
        }

        public Elements Part(long at, long length) => new(ref Unsafe.AddByteOffset(ref _start, (nint)at), length);

        public void InPieces(Action<Span<byte>> use)
        {
            for (long at = 0; at < _length; at += Piece)
                use(Slice(at));
        }

        Span<byte> Slice(long at) =>
            MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref _start, (nint)at), (int)Math.Min(Piece, _length - at));
    }
}
