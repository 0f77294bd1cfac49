namespace Cv.Dsl;

/// <summary>
/// Reads an Einstein summation and writes it as sums, products and transpositions: two operands at a time, from the left. Each operand goes with its term, a
/// letter for each axis.
/// </summary>
sealed class Einsum
{
    readonly string _equation;
    readonly string[] _terms;
    readonly string _output;
    readonly Expr[] _operands;
    readonly Dictionary<char, Dim> _extents = [];

    Einsum(string equation, Expr[] operands)
    {
        (_equation, _operands) = (equation, operands);
        string[] sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        if (sides.Length > 2 || operands.Length == 0)
            throw Error(
                "there must be terms for the operands, and one arrow at most",
                $"{operands.Length} operands",
                "Write \"ij,jk->ik\", say."
            );
        _terms = sides[0].Split(',');
        if (_terms.Length != operands.Length)
            throw Error("each operand must have a term", $"{_terms.Length} terms for {operands.Length} operands", "Part them by commas.");
        Elementwise.SameFloat("einsum", [.. operands.Select(o => o.Type)]);
        for (int i = 0; i < operands.Length; i++)
            Check(_terms[i], operands[i]);
        // as is usual: without an arrow, what stands once is kept, in the order of the alphabet
        _output = sides.Length == 2 ? sides[1] : string.Concat(_extents.Keys.Where(l => sides[0].Count(c => c == l) == 1).Order());
        foreach (char label in _output)
            if (!_extents.ContainsKey(label) || _output.Count(c => c == label) > 1)
                throw Error("the result's labels must stand in a term, and once in the result", $"'{label}' in \"{_output}\"", "Drop it.");
    }

    public static Expr Of(string equation, Expr[] operands) => new Einsum(equation, operands).Contract();

    Expr Contract()
    {
        var (result, term) = (_operands[0], _terms[0]);
        for (int i = 1; i < _operands.Length; i++)
        {
            string later = string.Concat(_terms[(i + 1)..]) + _output;
            (result, term) = Join(result, term, _operands[i], _terms[i], later);
        }
        (result, term) = Keep(result, term, _output);
        return Arrange(result, term, _output);
    }

    /// <summary>Multiplies two operands, and sums over the labels that nothing later needs.</summary>
    (Expr, string) Join(Expr a, string aTerm, Expr b, string bTerm, string later)
    {
        (a, aTerm) = Keep(a, aTerm, bTerm + later);
        (b, bTerm) = Keep(b, bTerm, aTerm + later);
        string batch = Only(aTerm, l => bTerm.Contains(l) && later.Contains(l)),
            summed = Only(aTerm, l => bTerm.Contains(l) && !later.Contains(l)),
            left = Only(aTerm, l => !bTerm.Contains(l)),
            right = Only(bTerm, l => !aTerm.Contains(l));
        if (summed.Length == 0)
            return (
                Arrange(a, aTerm, batch + left).Reshape(Extents(batch + left, right.Length))
                    * Arrange(b, bTerm, batch + right).Reshape(Spread(batch, left.Length, right)),
                batch + left + right
            );
        // a symbol cannot be merged with other dims: it becomes a dim of the batch, along which the side without it is repeated
        string apart = Symbols(left) + Symbols(right) + Symbols(summed);
        (left, right, summed) = (Without(left, apart), Without(right, apart), Without(summed, apart));
        string all = batch + apart;
        a = Repeat(a, aTerm, all, left + summed).Reshape(Matrix(all, left, summed));
        b = Repeat(b, bTerm, all, summed + right).Reshape(Matrix(all, summed, right));
        var product = a.MatMul(b).Reshape(Extents(all + left + right));
        return Keep(product, all + left + right, later);
    }

    /// <summary>Sums over the labels that are not asked for.</summary>
    static (Expr, string) Keep(Expr x, string term, string wanted)
    {
        int[] axes = [.. Enumerable.Range(0, term.Length).Where(axis => !wanted.Contains(term[axis]))];
        return axes.Length == 0 ? (x, term) : (x.Sum(axes, keepDims: false), Only(term, wanted.Contains));
    }

    /// <summary>Brings the axes into an order.</summary>
    static Expr Arrange(Expr x, string term, string order) => term == order ? x : x.Transpose([.. order.Select(l => term.IndexOf(l))]);

    /// <summary>Brings the axes into an order, and repeats the operand along those of the first that it has not.</summary>
    Expr Repeat(Expr x, string term, string batch, string rest)
    {
        string has = Only(batch, term.Contains);
        var ones = new Shape([.. batch.Select(l => term.Contains(l) ? _extents[l] : 1), .. rest.Select(l => _extents[l])]);
        return Arrange(x, term, has + rest).Reshape(ones).BroadcastTo(Extents(batch + rest));
    }

    Shape Extents(string labels, int ones = 0) => new([.. labels.Select(l => _extents[l]), .. Enumerable.Repeat(new Dim(1), ones)]);

    Shape Spread(string batch, int ones, string right) =>
        new([.. batch.Select(l => _extents[l]), .. Enumerable.Repeat(new Dim(1), ones), .. right.Select(l => _extents[l])]);

    Shape Matrix(string batch, string rows, string columns) => new([.. batch.Select(l => _extents[l]), Merged(rows), Merged(columns)]);

    Dim Merged(string labels) => labels.Length == 1 ? _extents[labels[0]] : Extents(labels).Size;

    /// <summary>Lists the symbolic labels of a group that has others beside them.</summary>
    string Symbols(string group) => group.Length < 2 ? "" : Only(group, l => !_extents[l].IsKnown);

    static string Only(string term, Func<char, bool> keep) => string.Concat(term.Where(keep));

    static string Without(string term, string labels) => Only(term, l => !labels.Contains(l));

    void Check(string term, Expr operand)
    {
        if (term.Length != operand.Shape.Rank)
            throw Error("a term must have a letter for each axis", $"\"{term}\" for {operand.Type}", "Add or drop letters.");
        for (int axis = 0; axis < term.Length; axis++)
        {
            var (label, extent) = (term[axis], operand.Shape[axis]);
            if (!char.IsAsciiLetter(label))
                throw Error("labels must be letters", $"'{label}'", "Write every axis out.");
            if (term.IndexOf(label) != axis)
                throw Error(
                    "a label may stand once in a term",
                    $"'{label}' twice in \"{term}\"",
                    "For a diagonal, mask it: Select(rows.EqualTo(columns), x, 0), of two Iotas."
                );
            if (!_extents.TryAdd(label, extent) && _extents[label] != extent)
                throw Error(
                    "a label must mean one extent",
                    $"'{label}' for {_extents[label]} and, in {operand.Type}, for {extent}",
                    "Slice or rename one."
                );
        }
    }

    ShapeException Error(string rule, string facts, string fix) => new($"einsum: {rule}; got {facts} in \"{_equation}\". {fix}");
}

public sealed partial class Expr
{
    /// <summary>
    /// Multiplies tensors and sums over the axes that the result does not name: "ij,jk->ik" is the matrix product, "ij->ji" a transposition, "ij->i" the sums of the rows. Without
    /// an arrow the result has the labels that stand once, in the order of the alphabet.
    /// </summary>
    /// <param name="equation">A letter for each axis of each operand, terms parted by commas, and the result's after an arrow; spaces do not count.</param>
    /// <param name="operands">The tensors, f32 or f64, one for each term.</param>
    /// <remarks>
    /// Written as matrix products of two operands at a time, from the left: order them so that what comes in between is small. The gradient follows from the
    /// products. A label may stand once in a term: there are no diagonals.
    /// </remarks>
    /// <example><code>
    /// Expr y = Expr.Einsum("nij,jk->nik", x, w);   // f32[N,7,784], f32[784,10] -> f32[N,7,10]
    /// Expr gram = Expr.Einsum("nic,njc->nij", x, x);
    /// </code></example>
    /// <exception cref="ShapeException">Terms and operands do not fit each other.</exception>
    public static Expr Einsum(string equation, params Expr[] operands)
    {
        ArgumentNullException.ThrowIfNull(equation);
        return Dsl.Einsum.Of(equation, operands);
    }
}
