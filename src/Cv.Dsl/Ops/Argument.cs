namespace Cv.Dsl;

/// <summary>Stands for what a body is given: a loop's state, its element of a sequence, a constant from outside. It has a value only while its body runs.</summary>
public sealed record Argument : Named
{
    static long _made;

    /// <summary>Makes an argument.</summary>
    /// <param name="id">What it stands for: "state 0", "x 1", "constant 2".</param>
    /// <param name="type">The dtype and shape.</param>
    public Argument(string id, TensorType type)
        : base(Identity.Of(id), "", type) { }

    /// <summary>Makes an argument that no other body has, to build a new body around; <see cref="Body.Close"/> gives it its plain name.</summary>
    internal static Expr Fresh(string kind, TensorType type) => Expr.Of(new Argument($"{kind} #{Interlocked.Increment(ref _made)}", type));

    /// <summary>Says what the argument is without its number: "state".</summary>
    internal string Kind => Id[..Id.LastIndexOf(' ')];
}
