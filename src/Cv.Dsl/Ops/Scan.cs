using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Runs a body once for each index of sequences' first axis, with states that each step hands to the next. Operands: the first states, the sequences, constants. The
/// result holds the last states and, for each output of the body, what every step gave, on a new first axis; <see cref="Part"/> takes them one by one.
/// </summary>
/// <param name="Body">One step: from states, elements of the sequences and constants to the next states and the outputs.</param>
/// <param name="States">The number of states.</param>
/// <param name="Sequences">The number of sequences.</param>
/// <param name="Length">The number of steps.</param>
/// <param name="Reverse">Tells to go from the last index to the first; outputs stand at the index of their step all the same.</param>
/// <remarks>
/// The body is one graph however many steps there are: it is compiled once, and differentiated once. The gradient of a scan is a scan that goes the other way: it keeps the
/// states of each step, computes the rest of the step anew, and adds up the cotangents of constants as it goes.
/// </remarks>
public sealed record Scan(Body Body, int States, int Sequences, Dim Length, bool Reverse) : Closure(Body)
{
    /// <inheritdoc/>
    public override string Attributes =>
        $" {Length} steps{(Reverse ? " backwards" : "")}, states {States}, sequences {Sequences}{base.Attributes}";

    /// <inheritdoc/>
    protected internal override int Leading => States + Sequences;

    /// <summary>Gives the types of the results: the last states, then each output with the steps on its first axis.</summary>
    public Parts Parts => Parts.Of([.. Body.Results.Select((r, i) => i < States ? r.Type : Stacked(r.Type))]);

    /// <summary>Checks the operands against the body.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        Check(operands, i => i >= States && i < Leading ? Stacked(Body.Arguments[i].Type) : Body.Arguments[i].Type);
        return Parts.Whole;
    }

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) =>
        (Scan)base.Bind(binding) with
        {
            Length = Length.Symbol is { } symbol && binding.TryGetValue(symbol, out int length) ? length : Length,
        };

    /// <inheritdoc/>
    internal override void Run(double[][] operands, double[] result, Action<string, Expr, double[][], double[]>? seen)
    {
        var (parts, length) = (Parts, Length.Value);
        double[][] values = [.. operands];
        for (int step = 0; step < length; step++)
        {
            int at = Reverse ? length - 1 - step : step;
            for (int i = States; i < Leading; i++)
            {
                int size = Body.Arguments[i].Shape.Size;
                values[i] = operands[i][(at * size)..((at + 1) * size)];
            }
            var results = Body.Run(values, seen is null ? null : (e, from, value) => seen($"at index {at} of a scan", e, from, value));
            for (int i = 0; i < results.Length; i++)
                if (i < States)
                    values[i] = results[i];
                else
                    results[i].CopyTo(result, parts.Offset(i) + at * results[i].Length);
        }
        for (int i = 0; i < States; i++)
            values[i].CopyTo(result, parts.Offset(i));
    }

    /// <summary>
    /// Goes through the steps from the last to the first: each takes the cotangents of its next states and its outputs, and gives those of its states, which go on, of its
    /// elements, which are outputs, and of the constants, which add up.
    /// </summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [.. new ScanBack(this, y, dy, null).Flows().Select(f => f.Flow)];

    /// <inheritdoc/>
    internal override ImmutableArray<(Expr? Flow, Expr? Mask)>? VjpOfBody(Expr y, Expr dy, Masks masks) =>
        new ScanBack(this, y, dy, masks).Flows();

    /// <summary>Goes through the steps with the tangents of the states beside the states.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        new ScanAhead(this, y, tangents, [.. new Expr?[tangents.Length]]).Moved().Tangent;

    /// <inheritdoc/>
    internal override (Expr? Tangent, ImmutableArray<Expr?> Masks)? JvpOfBody(
        Expr y,
        ImmutableArray<Expr?> tangents,
        ImmutableArray<Expr?> masks
    ) => new ScanAhead(this, y, tangents, masks).Moved();

    /// <summary>Goes through the steps with the batches of states and elements; a sequence's new axis comes to stand after that of the steps.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var size = Batching.Size(operands, batched);
        var (arguments, results) = Body.Fresh();
        var batches = new Dictionary<Expr, Expr>();
        var outside = new Dictionary<Expr, Expr>();
        List<Expr> states = [],
            first = [],
            elements = [],
            sequences = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            var given = arguments[i];
            // every state may come to differ by example
            if (batched[i] || i < States)
                given = batches[arguments[i]] = Argument.Fresh("batch", given.Type with { Shape = Batching.Of(size, given.Shape) });
            if (i < States)
            {
                states.Add(given);
                first.Add(batched[i] ? operands[i] : Batching.Repeat(operands[i], size));
            }
            else if (i < Leading)
            {
                elements.Add(given);
                sequences.Add(batched[i] ? SwapFirst(operands[i]) : operands[i]);
            }
            else
                outside[given] = operands[i];
        }
        var walked = Batching.Walk(results, batches);
        var made = Of(
            states,
            first,
            elements,
            sequences,
            Replace([.. walked.Select((r, i) => r ?? (i < States ? Batching.Repeat(results[i], size) : results[i]))], outside),
            Length,
            Reverse
        );
        return Pack.Of([
            .. made.Select(
                (m, i) =>
                    i < States ? m
                    : walked[i] is null ? Batching.Repeat(m, size)
                    : SwapFirst(m)
            ),
        ]);
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        Expr h = Expr.Input("h", [2]),
            xs = Expr.Input("xs", [3, 2]),
            w = Expr.Input("w", [2]);
        var (last, all) = Expr.Scan(h, xs, (state, x) => (state * w + x).Tanh());
        var (total, parts) = Expr.Scan(h, xs, (state, x) => (state + x * x, state * x), reverse: true);
        return [last, all, total + parts.Sum([0], keepDims: false), h.Iterate(4, (state, i) => state * 0.5 + i.Cast(DType.F32))];
    }

    /// <summary>Gives the results of a scan around fresh arguments, which it closes over what else the results are made of.</summary>
    internal static ImmutableArray<Expr> Of(
        IReadOnlyList<Expr> states,
        IReadOnlyList<Expr> first,
        IReadOnlyList<Expr> elements,
        IReadOnlyList<Expr> sequences,
        ImmutableArray<Expr> results,
        Dim length,
        bool reverse
    )
    {
        var (body, captured, remembered) = Body.Close([.. states, .. elements], results);
        Expr[] operands = [.. first, .. sequences, .. captured];
        foreach (var (state, next, isInside) in remembered)
            operands[0] = isInside
                ? throw new GraphException(
                    $"scan: what a body remembers must not depend on its states or elements; got {next} for {state}. Make it a state or an output, and remember what comes of it."
                )
                : operands[0].Remember(state, next);
        var scan = new Scan(body, states.Count, elements.Count, length, reverse);
        return scan.Results(Expr.Of(scan, operands));
    }

    /// <summary>Gives each result of a node of this op.</summary>
    internal ImmutableArray<Expr> Results(Expr y)
    {
        var parts = Parts;
        return [.. Enumerable.Range(0, parts.Count).Select(i => Part.Of(parts, i, y))];
    }

    /// <summary>Gives every step's states as they were before it, from the same scan with these as further outputs; a pass makes one of the two.</summary>
    internal IEnumerable<Expr> Keep(Expr y)
    {
        var keeping = this with { Body = new(Body.Arguments, [.. Body.Results, .. Body.Arguments.Take(States)]) };
        return keeping.Results(Expr.Of(keeping, y.Operands)).Skip(Body.Results.Length);
    }

    /// <summary>Puts the operands in the place of the constants: what is made of them alone is computed once then, outside.</summary>
    internal ImmutableArray<Expr> Outside(Expr y, ImmutableArray<Expr> arguments, ImmutableArray<Expr> results) =>
        Replace(results, Enumerable.Range(Leading, arguments.Length - Leading).ToDictionary(i => arguments[i], i => y.Operands[i]));

    internal static ImmutableArray<Expr> Replace(ImmutableArray<Expr> results, Dictionary<Expr, Expr> map) =>
        Expr.Rebuild(results, (e, operands) => map.TryGetValue(e, out var outside) ? outside : e.With(operands));

    static Expr SwapFirst(Expr x) => x.Transpose([1, 0, .. Enumerable.Range(2, x.Shape.Rank - 2)]);

    internal bool IsLong => Length.Symbol is not null || LongSums.Cuts(Length.Value);

    TensorType Stacked(TensorType type) => type with { Shape = [Length, .. type.Shape.Dims] };

    internal static Expr Zeros(TensorType type) => Expr.Const(0, type.DType).BroadcastTo(type.Shape);

    internal static bool IsZero(Expr e)
    {
        while (e.Op is Broadcast or Reshape)
            e = e.Operands[0];
        return e.Op is Const { Value: 0 };
    }
}
