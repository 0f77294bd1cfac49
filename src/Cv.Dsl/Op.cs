using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Says what an operation is: a value without operands, so equality is by attributes and cheap. Everything about one op stands in
/// its one file, in this order: doc, shape rule, forward, derivative, algebra, fluent verb, samples.
/// </summary>
public abstract record Op
{
    /// <summary>Gives the name that dumps and messages print: the type's name in snake case.</summary>
    public virtual string Name => SnakeCase.Of(GetType().Name);

    /// <summary>Gives the attributes as a dump prints them, with a leading space, or nothing.</summary>
    public virtual string Attributes => "";

    /// <summary>Derives the result's dtype and shape, or throws a <see cref="ShapeException"/> that states rule, facts and fix.</summary>
    public abstract TensorType Infer(ReadOnlySpan<TensorType> operands);

    /// <summary>
    /// Runs the op's meaning on plain row-major arrays, in f64, slowly and obviously; the interpreter rounds the result to the node's
    /// dtype. Truth values are 0 and 1. Calls on several threads run it at once.
    /// </summary>
    public abstract void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result);

    /// <summary>
    /// Gives the cotangent of each operand from the result <paramref name="y"/> and its cotangent <paramref name="dy"/>; null where none
    /// flows. A cotangent may have the result's shape: un-broadcasting is the caller's.
    /// </summary>
    public virtual ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [.. new Expr?[y.Operands.Length]];

    /// <summary>
    /// Gives how the result <paramref name="y"/> changes when its operands change by their tangents (null where one stays); of y's type or one that broadcasts to
    /// it, and null where nothing flows. Unless an op says otherwise it is that of its expansion. It makes no use of <see cref="Vjp"/>, so that each checks the other.
    /// </summary>
    /// <exception cref="GraphException">The op has no rule and no expansion.</exception>
    public virtual Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        if (Expand(y) is not { } expanded)
            throw new GraphException($"jvp: an op must say how its result moves; got {y}, which does not. Override Op.Jvp in it.", y);
        var moved = Enumerable.Range(0, tangents.Length).Where(i => tangents[i] is not null);
        return Forward.Of([expanded], [.. moved.Select(i => y.Operands[i])], [.. moved.Select(i => tangents[i]!)], apart: true)[0];
    }

    /// <summary>
    /// Applies the product rule to an op that is linear in each of its operands: the sum, over the operands that move, of the op with the tangent in the operand's place.
    /// </summary>
    protected static Expr? ProductRule(Expr y, ImmutableArray<Expr?> tangents)
    {
        Expr? sum = null;
        for (int i = 0; i < tangents.Length; i++)
            if (tangents[i] is { } dx && y.With(y.Operands.SetItem(i, dx)) is var part)
                sum = sum is null ? part : sum + part;
        return sum;
    }

    /// <summary>
    /// Says where the cotangent of an operand may differ from 0, if that of the result <paramref name="y"/> may only where <paramref name="mask"/> holds. Masks are bool,
    /// broadcast to what they speak of, and null where anything is possible. The derivative masks by them, so that an infinite slope never meets a 0. An op that says nothing
    /// is masked where the mask holds nowhere.
    /// </summary>
    public virtual Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => Mask.Any(mask, y.DType);

    /// <summary>Says where the result <paramref name="y"/> may move, if only one operand does, and that only where <paramref name="mask"/> holds.</summary>
    public virtual Expr? MaskOfResult(Expr y, int operand, Expr? mask) => Mask.Any(mask, y.DType);

    /// <summary>Tells that the derivative by an operand is finite whatever the operands are, so that a 0 stays one and needs no mask.</summary>
    public virtual bool KeepsZero(Expr y, int operand) => false;

    /// <summary>Gives where the result depends on an operand, for an op that takes it at some places and not at others; in the shape of the flow to it. Null is everywhere.</summary>
    internal virtual Expr? Choice(Expr y, int operand) => null;

    /// <summary>Is <see cref="Vjp"/> for an op that holds a graph: it masks inside, and says where each cotangent may differ from 0. Null for any other op.</summary>
    internal virtual ImmutableArray<(Expr? Flow, Expr? Mask)>? VjpOfBody(Expr y, Expr dy, Masks masks) => null;

    /// <summary>
    /// Is <see cref="Jvp"/> for an op that holds a graph: it is told where each tangent may differ from 0, and says where the result's may, part by part if it is several
    /// values. Null for any other op.
    /// </summary>
    internal virtual (Expr? Tangent, ImmutableArray<Expr?> Masks)? JvpOfBody(
        Expr y,
        ImmutableArray<Expr?> tangents,
        ImmutableArray<Expr?> masks
    ) => null;

    /// <summary>
    /// Gives the node for a batch of examples, where <paramref name="y"/> is that of one: of its type, with a new leading axis. An operand has the axis too where
    /// <paramref name="batched"/> says so (one does), and where not the examples share it. Null where the op has no rule: then its expansion is batched or, where it has none, a
    /// known number of examples is computed one by one.
    /// </summary>
    public virtual Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) => null;

    /// <summary>
    /// Says which whole numbers an operand may hold, where the op takes it for indices: a label names one of so many classes. What an input feeds there is checked at each call,
    /// also behind ops that only move, cast or shift it. Null where the op takes no indices.
    /// </summary>
    public virtual IndexRange? Indices(int operand) => null;

    /// <summary>Gives a simpler node of equal value and type, or null. The laws that hold are in docs/SEMANTICS.md.</summary>
    public virtual Expr? Simplify(Expr y) => null;

    /// <summary>Gives the node in terms of ops that have kernels, or null when the op has one of its own.</summary>
    public virtual Expr? Expand(Expr y) => null;

    /// <summary>Replaces the symbols in the op's attributes by numbers.</summary>
    public virtual Op Bind(IReadOnlyDictionary<string, int> binding) => this;

    /// <summary>Gives small nodes that exercise the op; the catalogue test checks each against the reference and finite differences.</summary>
    public virtual IEnumerable<Expr> Samples() => [];

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public sealed override string ToString() => RecordText.Of(GetType().Name, PrintMembers);
}
