using System.Linq.Expressions;
using System.Runtime.Intrinsics;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Writes vector code for one width and one float type: the only place that knows <see cref="Vector128"/>, <see cref="Vector256"/> and
/// <see cref="Vector512"/>. Integers live in lanes as wide as the floats; truth values are masks, all bits set or none.
/// </summary>
sealed class Lanes
{
    readonly Type _static;
    readonly Type _integers;

    /// <summary>Makes the writer for vectors of <paramref name="bits"/> bits whose float lanes are of <paramref name="type"/>.</summary>
    public Lanes(int bits, DType type)
    {
        (_static, var open) = bits switch
        {
            128 => (typeof(Vector128), typeof(Vector128<>)),
            256 => (typeof(Vector256), typeof(Vector256<>)),
            _ => (typeof(Vector512), typeof(Vector512<>)),
        };
        Bits = bits;
        Type = type;
        Float = type == DType.F64 ? typeof(double) : typeof(float);
        Integer = type == DType.F64 ? typeof(long) : typeof(int);
        Vector = open.MakeGenericType(Float);
        _integers = open.MakeGenericType(Integer);
        Count = bits / 8 / type.ByteSize();
    }

    public int Bits { get; }
    public DType Type { get; }
    public Type Float { get; }
    public Type Integer { get; }

    /// <summary>Counts the lanes of a vector.</summary>
    public int Count { get; }

    /// <summary>Gives the type of a vector of floats; masks have it too.</summary>
    public Type Vector { get; }

    /// <summary>Gives the type of a vector that holds values of a dtype.</summary>
    public Type VectorOf(DType type) => type == DType.I32 ? _integers : Vector;

    /// <summary>Gives the type of a vector of elements of a CLR type.</summary>
    public Type VectorOf(Type element) => Vector.GetGenericTypeDefinition().MakeGenericType(element);

    /// <summary>Calls a method of the width's static class, choosing the overload, generic or not, that takes these arguments.</summary>
    public Expression Call(string name, params Expression[] arguments) =>
        Expression.Call(Methods.Taking(_static, name, Array.ConvertAll(arguments, a => a.Type)), arguments);

    /// <summary>Adds vectors.</summary>
    static BinaryExpression Sum(Expression a, Expression b) => Methods.Binary(ExpressionType.Add, a, b);

    /// <summary>Reads a constant of a vector type.</summary>
    static MemberExpression Property(Type vector, string name) => Expression.Property(null, Methods.Property(vector, name));

    /// <summary>Fills every lane with a constant of a dtype.</summary>
    public Expression Constant(double value, DType type) =>
        type switch
        {
            DType.Bool => value != 0 ? Property(Vector, "AllBitsSet") : Property(Vector, "Zero"),
            DType.I32 => Call("Create", Convert(Expression.Constant((int)value), Integer)),
            _ => value == 0 && !double.IsNegative(value)
                ? Property(Vector, "Zero")
                : Call("Create", Expression.Constant(System.Convert.ChangeType(value, Float, null))),
        };

    /// <summary>Fills every lane with a scalar of the lane's own type.</summary>
    public Expression Broadcast(Expression scalar) => Call("Create", scalar);

    /// <summary>Gives the lane numbers 0, 1, 2, ... plus a start, in the lanes of a dtype.</summary>
    public Expression Indices(Expression start, DType type) =>
        type == DType.I32
            ? Sum(Property(VectorOf(type), "Indices"), Call("Create", Convert(start, Integer)))
            : Sum(Property(Vector, "Indices"), Call("Create", Convert(start, Float)));

    /// <summary>Marks the lanes below <paramref name="count"/>.</summary>
    public Expression MaskBelow(Expression count) =>
        AsFloat(Call("LessThan", Property(_integers, "Indices"), Call("Create", Convert(count, Integer))));

    /// <summary>Chooses by mask.</summary>
    public Expression Select(Expression mask, Expression a, Expression b) =>
        Call("ConditionalSelect", a.Type == mask.Type ? mask : As(mask, Integer), a, b);

    /// <summary>Turns the result of a comparison into a mask of the float type.</summary>
    public Expression AsFloat(Expression vector) => vector.Type == Vector ? vector : As(vector, Float);

    /// <summary>Loads <see cref="Count"/> elements of a dtype.</summary>
    public Expression Load(DType type, Expression address, Expression index) =>
        type switch
        {
            DType.Bool => Memory(nameof(VectorMemory.LoadMask), [Vector, Float], address, index),
            DType.I32 when Type == DType.F64 => Memory(
                nameof(VectorMemory.LoadConverted),
                [VectorOf(type), typeof(long), typeof(int)],
                address,
                index
            ),
            DType.I32 => Memory(nameof(VectorMemory.Load), [VectorOf(type), typeof(int)], address, index),
            DType.F32 when Type == DType.F64 => Memory(
                nameof(VectorMemory.LoadConverted),
                [Vector, typeof(double), typeof(float)],
                address,
                index
            ),
            _ => Memory(nameof(VectorMemory.Load), [Vector, Float], address, index),
        };

    /// <summary>Loads one element of a dtype into every lane.</summary>
    public Expression LoadOne(DType type, Expression address, Expression index)
    {
        Expression element = Memory(nameof(VectorMemory.Read), [ClrType(type)], address, index);
        return type switch
        {
            DType.Bool => AsFloat(
                Call(
                    "Create",
                    Condition(
                        NotEqual(element, Expression.Constant((byte)0)),
                        Convert(Expression.Constant(-1), Integer),
                        Convert(Expression.Constant(0), Integer)
                    )
                )
            ),
            DType.I32 => Call("Create", Convert(element, Integer)),
            _ => Call("Create", Convert(element, Float)),
        };
    }

    /// <summary>Stores a vector as elements of a dtype; with a count, only so many of them.</summary>
    public Expression Store(DType type, Expression value, Expression address, Expression index, Expression? count = null)
    {
        var all = count ?? Expression.Constant((long)Count);
        return type switch
        {
            DType.Bool => Memory(nameof(VectorMemory.StoreMask), [Vector, Float], value, address, index, all),
            DType.I32 when Type == DType.F64 => Memory(
                nameof(VectorMemory.StoreConverted),
                [VectorOf(type), typeof(long), typeof(int)],
                value,
                address,
                index,
                all
            ),
            DType.F32 when Type == DType.F64 => Memory(
                nameof(VectorMemory.StoreConverted),
                [Vector, typeof(double), typeof(float)],
                value,
                address,
                index,
                all
            ),
            _ when count is null => Memory(nameof(VectorMemory.Store), [VectorOf(type), ClrType(type)], value, address, index),
            _ => Memory(nameof(VectorMemory.StorePart), [VectorOf(type), ClrType(type)], value, address, index, all),
        };
    }

    /// <summary>Gives the number of lanes that count in a vector of a row of so many columns, for a store; null for all.</summary>
    public ConstantExpression? Part(int columns, int vector = 0)
    {
        int left = columns - vector * Count;
        return left >= Count ? null : Expression.Constant((long)left);
    }

    /// <summary>Loads a vector kept in scratch memory as it was in the register.</summary>
    public Expression LoadRaw(DType type, Expression address, Expression index) =>
        Memory(nameof(VectorMemory.Load), [VectorOf(type), Float], address, index);

    /// <summary>Keeps a vector in scratch memory as it is in the register.</summary>
    public Expression StoreRaw(DType type, Expression value, Expression address, Expression index) =>
        Memory(nameof(VectorMemory.Store), [VectorOf(type), Float], value, address, index);

    /// <summary>Folds the lanes of a vector into one scalar by the op's operation, in an order that depends on the width alone.</summary>
    public Expression FoldLanes(Reduction op, Expression vector)
    {
        string name = op switch
        {
            ReduceSum => nameof(VectorMemory.SumLanes),
            ReduceMax => nameof(VectorMemory.MaxLanes),
            ReduceMin => nameof(VectorMemory.MinLanes),
            _ => throw Unknown(op),
        };
        return Memory(name, [vector.Type, vector.Type == Vector ? Float : Integer], vector);
    }

    /// <summary>Combines two vectors by the op's operation.</summary>
    public Expression Combine(Reduction op, Expression a, Expression b) =>
        op switch
        {
            ReduceSum => Sum(a, b),
            ReduceMax => Call("Max", a, b),
            ReduceMin => Call("Min", a, b),
            _ => throw Unknown(op),
        };

    static InvalidOperationException Unknown(Reduction op) => new($"lanes: no fold for {op.Name}.");

    /// <summary>Fills every lane with the value of an empty fold.</summary>
    public Expression Seed(Reduction op, DType type)
    {
        if (type != DType.I32 || op is ReduceSum)
            return Constant(op.Seed, type);
        int seed = op switch
        {
            ReduceMax => int.MinValue,
            ReduceMin => int.MaxValue,
            _ => throw Unknown(op),
        };
        return Call("Create", Convert(Expression.Constant(seed), Integer));
    }

    /// <summary>Gives the CLR type of an element in memory.</summary>
    public static Type ClrType(DType type) =>
        type switch
        {
            DType.F64 => typeof(double),
            DType.I32 => typeof(int),
            DType.Bool => typeof(byte),
            _ => typeof(float),
        };

    /// <summary>Calls a method of <see cref="VectorMemory"/>.</summary>
    public static Expression Memory(string name, Type[] types, params Expression[] arguments) =>
        Memory(typeof(VectorMemory), name, types, arguments);

    /// <summary>Calls a generic method of the runtime.</summary>
    public static Expression Memory(Type owner, string name, Type[] types, params Expression[] arguments) =>
        Expression.Call(Methods.Of(owner, name, types), arguments);

    /// <summary>Reads the bits of a vector as another element type.</summary>
    public Expression As(Expression vector, Type element)
    {
        var from = vector.Type.GetGenericArguments()[0];
        return from == element ? vector : Expression.Call(Methods.Of(_static, "As", from, element), vector);
    }
}
