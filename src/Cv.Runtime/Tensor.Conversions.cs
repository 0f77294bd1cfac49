using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Cv.Dsl;

namespace Cv.Runtime;

public sealed partial class Tensor
{
    /// <summary>Copies row-major values into an f32 tensor.</summary>
    /// <exception cref="ShapeException">The shape does not hold exactly as many elements.</exception>
    public static Tensor From(Shape shape, float[] values) => From<float>(shape, values);

    /// <summary>Copies row-major values into an f64 tensor.</summary>
    /// <exception cref="ShapeException">The shape does not hold exactly as many elements.</exception>
    public static Tensor From(Shape shape, double[] values) => From<double>(shape, values);

    /// <summary>Copies row-major values into an i32 tensor.</summary>
    /// <exception cref="ShapeException">The shape does not hold exactly as many elements.</exception>
    public static Tensor From(Shape shape, int[] values) => From<int>(shape, values);

    /// <summary>Copies row-major values into a bool tensor.</summary>
    /// <exception cref="ShapeException">The shape does not hold exactly as many elements.</exception>
    public static Tensor From(Shape shape, bool[] values) => From<bool>(shape, values);

    /// <summary>Copies row-major values; float makes f32, double f64, int i32, bool bool.</summary>
    /// <exception cref="ShapeException">The shape does not hold exactly as many elements, or T is no element type.</exception>
    public static Tensor From<T>(Shape shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var dtype =
            ElementType<T>()
            ?? throw new ShapeException($"tensor: elements must be float, double, int or bool; got {typeof(T).Name}. Convert them first.");
        var tensor = Uninitialised(shape, dtype);
        if (tensor.Size != values.Length)
        {
            tensor.Dispose();
            throw new ShapeException(
                $"tensor: values must fill the shape; got {values.Length} for {new TensorType(dtype, shape)}, which holds {shape.Size}. Change the shape?"
            );
        }
        values.CopyTo(tensor.AsSpan<T>());
        return tensor;
    }

    /// <summary>Copies a list into an f32 tensor of rank 1.</summary>
    public static Tensor From(float[] values) => From<float>([Length(values)], values);

    /// <summary>Copies a list into an f64 tensor of rank 1.</summary>
    public static Tensor From(double[] values) => From<double>([Length(values)], values);

    /// <summary>Copies a list into an i32 tensor of rank 1.</summary>
    public static Tensor From(int[] values) => From<int>([Length(values)], values);

    /// <summary>Copies a list into a bool tensor of rank 1.</summary>
    public static Tensor From(bool[] values) => From<bool>([Length(values)], values);

    /// <summary>Copies a table into an f32 tensor [rows, columns].</summary>
    /// <example><code>Tensor w = Tensor.From(new[,] { { 0.2f, -0.5f }, { 1.5f, 1.3f } });   // f32[2,2]</code></example>
    public static Tensor From(float[,] values) => Table(values);

    /// <summary>Copies a table into an f64 tensor [rows, columns].</summary>
    public static Tensor From(double[,] values) => Table(values);

    /// <summary>Copies a table into an i32 tensor [rows, columns].</summary>
    public static Tensor From(int[,] values) => Table(values);

    /// <summary>Copies a table into a bool tensor [rows, columns].</summary>
    public static Tensor From(bool[,] values) => Table(values);

    /// <summary>Makes an f32 scalar.</summary>
    public static Tensor Scalar(float value) => From<float>(Shape.Scalar, [value]);

    /// <summary>Copies a tensor of System.Numerics.Tensors, of any strides, into a row-major one.</summary>
    /// <exception cref="ShapeException">T is not float, double, int or bool, or an extent passes 2^31 - 1.</exception>
    public static Tensor FromTensorSpan<T>(ReadOnlyTensorSpan<T> source)
        where T : unmanaged
    {
        var dims = new Dim[source.Rank];
        for (int axis = 0; axis < dims.Length; axis++)
            dims[axis] =
                source.Lengths[axis] <= int.MaxValue
                    ? (int)source.Lengths[axis]
                    : throw new ShapeException(
                        $"tensor: a dim is at most {int.MaxValue}; got {source.Lengths[axis]} at axis {axis}. Split the tensor."
                    );
        var values = new T[source.FlattenedLength];
        source.FlattenTo(values);
        return From<T>(new Shape(dims), values);
    }

    /// <summary>Sees the elements as a span of System.Numerics.Tensors of the same shape (rank 1 for a scalar). Keeps the memory alive.</summary>
    /// <exception cref="ShapeException">T is not the dtype's element type.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public TensorSpan<T> AsTensorSpan<T>()
        where T : unmanaged => new(AsSpan<T>(), Array.ConvertAll(Shape.Rank == 0 ? [1] : Shape.ToArray(), d => (nint)d));

    /// <summary>Copies the elements, row-major, as they are.</summary>
    /// <exception cref="ShapeException">T is not the dtype's element type.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        using var use = new Use(this);
        return View<T>(use.Block).ToArray();
    }

    /// <summary>Copies the elements, row-major, as f64 (true is 1).</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public double[] ToDoubles()
    {
        using var use = new Use(this);
        var values = new double[Size];
        ConvertTo<double>(use.Block, values);
        return values;
    }

    /// <summary>
    /// Copies the tensor with another element type. Floats become integers by dropping the fraction, truth values become 0 and 1,
    /// numbers become true where they are not 0. Always a tensor of its own, of the same dtype as well.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public Tensor Cast(DType dtype)
    {
        if (dtype == DType)
            return Clone();
        using var use = new Use(this); // refuses a disposed tensor before memory is taken
        var result = Uninitialised(Shape, dtype);
        switch (dtype)
        {
            case DType.F32:
                ConvertTo(use.Block, result.AsSpan<float>());
                break;
            case DType.F64:
                ConvertTo(use.Block, result.AsSpan<double>());
                break;
            case DType.I32:
                ConvertTo(use.Block, result.AsSpan<int>());
                break;
            default:
                ToTruth(use.Block, result.AsSpan<bool>());
                break;
        }
        return result;
    }

    void ConvertTo<T>(Block block, Span<T> target)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        switch (DType)
        {
            case DType.F32:
                TensorPrimitives.ConvertTruncating<float, T>(View<float>(block), target);
                break;
            case DType.F64:
                TensorPrimitives.ConvertTruncating<double, T>(View<double>(block), target);
                break;
            case DType.I32:
                TensorPrimitives.ConvertTruncating<int, T>(View<int>(block), target);
                break;
            default:
                TensorPrimitives.ConvertTruncating<byte, T>(MemoryMarshal.Cast<bool, byte>(View<bool>(block)), target);
                break;
        }
    }

    void ToTruth(Block block, Span<bool> target)
    {
        for (int i = 0; i < target.Length; i++)
            target[i] = At(block, i) != 0;
    }

    double At(Block block, int index) =>
        DType switch
        {
            DType.F32 => View<float>(block)[index],
            DType.F64 => View<double>(block)[index],
            DType.I32 => View<int>(block)[index],
            _ => View<bool>(block)[index] ? 1 : 0,
        };

    static Tensor Table<T>(T[,] values)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        var flat = values.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref values[0, 0], values.Length);
        return From([values.GetLength(0), values.GetLength(1)], flat);
    }

    static int Length(Array values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Length;
    }

    static DType? ElementType<T>() =>
        typeof(T) == typeof(float) ? DType.F32
        : typeof(T) == typeof(double) ? DType.F64
        : typeof(T) == typeof(int) ? DType.I32
        : typeof(T) == typeof(bool) ? DType.Bool
        : null;

    static string ElementName(DType dtype) =>
        dtype switch
        {
            DType.F32 => "float",
            DType.F64 => "double",
            DType.I32 => "int",
            _ => "bool",
        };
}
