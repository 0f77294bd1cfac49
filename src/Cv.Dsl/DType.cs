namespace Cv.Dsl;

/// <summary>Names the element type of a tensor.</summary>
public enum DType
{
    /// <summary>32-bit IEEE float: the default for models and training.</summary>
    F32,

    /// <summary>64-bit IEEE float: gradient checks run in it.</summary>
    F64,

    /// <summary>32-bit signed integer: labels and indices.</summary>
    I32,

    /// <summary>Truth value, stored as one byte that is 0 or 1.</summary>
    Bool,
}

/// <summary>Answers questions about element types.</summary>
public static class DTypes
{
    /// <summary>Tells whether the type is f32 or f64, the types a gradient can flow through.</summary>
    public static bool IsFloat(this DType type) => type is DType.F32 or DType.F64;

    /// <summary>Tells whether the number can be an element: i32 wants whole ones in range, bool 0 or 1.</summary>
    internal static bool Holds(this DType type, double value) =>
        type switch
        {
            DType.I32 => value is >= int.MinValue and <= int.MaxValue && value == Math.Truncate(value),
            DType.Bool => value is 0 or 1,
            DType.F32 or DType.F64 => true,
            _ => throw Unknown(type),
        };

    /// <summary>Gives the bytes one element takes in memory.</summary>
    public static int ByteSize(this DType type) =>
        type switch
        {
            DType.F64 => 8,
            DType.F32 or DType.I32 => 4,
            DType.Bool => 1,
            _ => throw Unknown(type),
        };

    /// <summary>Gives the name that dumps and messages print: f32, f64, i32 or bool.</summary>
    public static string Text(this DType type) =>
        type switch
        {
            DType.F32 => "f32",
            DType.F64 => "f64",
            DType.I32 => "i32",
            DType.Bool => "bool",
            _ => $"dtype {(int)type}",
        };

    /// <summary>
    /// Rounds numbers to what the type can hold, as the interpreter does after each node: f32 to the nearest, i32 towards 0 and to the ends of its range.
    /// </summary>
    internal static void Round(this DType type, Span<double> values)
    {
        if (type == DType.F32)
            foreach (ref double value in values)
                value = (float)value;
        else if (type == DType.I32)
            foreach (ref double value in values)
                value = double.IsNaN(value) ? 0 : Math.Clamp(Math.Truncate(value), int.MinValue, int.MaxValue);
    }

    /// <summary>Gives the type itself, if it is one of the four.</summary>
    /// <exception cref="ShapeException">It is another number.</exception>
    internal static DType Checked(this DType type) => Enum.IsDefined(type) ? type : throw Unknown(type);

    static ShapeException Unknown(DType type) =>
        new($"dtype: an element type must be f32, f64, i32 or bool; got number {(int)type}. Name one: DType.F32.");
}
