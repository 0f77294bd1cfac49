namespace Cv.Dsl;

/// <summary>Stands for what a body is given: a loop's state, its element of a sequence, a constant from outside. It has a value only while its body runs.</summary>
/// <param name="Id">What it stands for: "state 0", "x 1", "constant 2".</param>
/// <param name="Type">The dtype and shape.</param>
public sealed record Argument(string Id, TensorType Type) : Named(Id, Type)
{
    static long _made;

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) =>
        this with
        {
            Type = Type with { Shape = Type.Shape.Bind(binding) },
        };

    /// <summary>Makes an argument that no other body has, to build a new body around; <see cref="Body.Close"/> gives it its plain name.</summary>
    internal static Expr Fresh(string kind, TensorType type) => Expr.Of(new Argument($"{kind} #{Interlocked.Increment(ref _made)}", type));

    /// <summary>Says what the argument is without its number: "state".</summary>
    internal string Kind => Id[..Id.LastIndexOf(' ')];
}
