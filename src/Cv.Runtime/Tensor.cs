using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds numbers in row-major order, of one dtype and a known shape, in pinned managed memory: the first element stands on a 64-byte
/// line, and at least 256 bytes past the last one may be read (never written). Disposing gives the memory back to a pool at once;
/// forgetting to is harmless, the garbage collector takes it then.
/// </summary>
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

    /// <summary>Makes a tensor of zeros (of false, for bool); f32 unless said otherwise.</summary>
    /// <exception cref="ShapeException">A dim is symbolic, or the elements are more than 2^31 - 1.</exception>
    public static Tensor Zeros(Shape shape, DType dtype = DType.F32)
    {
        var tensor = Uninitialised(shape, dtype);
        tensor.Clear();
        return tensor;
    }

    /// <summary>Makes a tensor whose elements are whatever the memory held: for a caller that sets every one of them.</summary>
    /// <exception cref="ShapeException">A dim is symbolic, or the elements are more than 2^31 - 1.</exception>
    public static Tensor Uninitialised(Shape shape, DType dtype = DType.F32)
    {
        if (!shape.IsKnown)
            throw new ShapeException(
                $"tensor: every dim must be a number; got {new TensorType(dtype, shape)}. Bind its symbols first: shape.Bind(...)."
            );
        int size = shape.Size;
        return new(new(dtype, shape), size, BlockPool.Rent((long)size * dtype.ByteSize()));
    }

    /// <summary>Sees the elements, row-major; T is float for f32, double for f64, int for i32, bool for bool. Keeps the memory alive.</summary>
    /// <remarks>Do not use the span after the tensor was disposed: the memory may belong to another one by then.</remarks>
    /// <exception cref="ShapeException">T is not the dtype's element type.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        var block = _block;
        ObjectDisposedException.ThrowIf(block is null, this);
        if (ElementType<T>() != DType)
            throw new ShapeException(
                $"tensor: a view must have the tensor's element type; got {typeof(T).Name} for {Type}. Ask for {ElementName(DType)}, or use Cast."
            );
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref block.Start, _offset)), Size);
    }

    /// <summary>Gives the one element of a tensor of size 1, as f64 (true is 1).</summary>
    /// <exception cref="ShapeException">The tensor does not hold exactly one element.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public double Item()
    {
        if (Size != 1)
            throw new ShapeException($"item: the tensor must hold one element; got {Type} with {Size}. Index a span: AsSpan<T>()[i].");
        return DType switch
        {
            DType.F32 => AsSpan<float>()[0],
            DType.F64 => AsSpan<double>()[0],
            DType.I32 => AsSpan<int>()[0],
            _ => AsSpan<bool>()[0] ? 1 : 0,
        };
    }

    /// <summary>Copies the tensor into memory of its own.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Tensor Clone()
    {
        var bytes = Bytes();
        var copy = Uninitialised(Shape, DType);
        bytes.CopyTo(copy.Bytes());
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
        source.Bytes().CopyTo(Bytes());
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
        var shape = Shape.With(0, count);
        var whole = Bytes();
        long before = Shape[0].Value == 0 ? 0 : ByteSize / Shape[0].Value * start;
        if (before % Block.Line == 0)
            return Share(shape, (nint)before);
        var copy = Uninitialised(shape, DType);
        whole.Part(before, copy.ByteSize).CopyTo(copy.Bytes());
        return copy;
    }

    /// <summary>Sets every element to 0, or false.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public void Clear() => Bytes().Clear();

    /// <summary>Gives the memory back; a tensor that shares it keeps it alive. Disposing twice is harmless.</summary>
    public void Dispose() => Interlocked.Exchange(ref _block, null)?.Release();

    /// <summary>Prints type and first elements: f32[2,3] 1 2 3 4 5 6.</summary>
    public override string ToString()
    {
        const int shown = 8;
        if (_block is null)
            return $"{Type} (disposed)";
        var text = Enumerable.Range(0, Math.Min(shown, Size)).Select(i => At(i).ToString("R", CultureInfo.InvariantCulture));
        return $"{Type} {string.Join(' ', text)}{(Size > shown ? " ..." : "")}";
    }

    /// <summary>Hands out the elements' bytes, in order, in pieces that a span can hold.</summary>
    internal void InPieces(Action<Span<byte>> use) => Bytes().InPieces(use);

    // The block is counted while it is certainly alive: a view made during a Dispose on another thread is a mistake of the caller.
    Tensor Share(Shape shape, nint from = 0)
    {
        var block = _block;
        ObjectDisposedException.ThrowIf(block is null, this);
        block.Share();
        return new(new(DType, shape), shape.Size, block, _offset + from);
    }

    // Elements are copied bitwise, whatever they are. Longs alone can count all bytes of the largest tensor in an int.
    Elements Bytes()
    {
        var block = _block;
        ObjectDisposedException.ThrowIf(block is null, this);
        return new(ref Unsafe.AddByteOffset(ref block.Start, _offset), ByteSize);
    }

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
