using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Assigns the values of a loop kernel to phases: a value that depends on a row's reduction belongs to the phase after it. Finds for each
/// value the phases that need it, and whether later ones recompute it or read it back.
/// </summary>
sealed class Phases
{
    const int CheapChain = 4;

    readonly LoopStep _step;
    readonly Dictionary<Expr, ulong> _needed = [];
    readonly Dictionary<Expr, int> _chain = [];

    public Phases(LoopStep step)
    {
        _step = step;
        foreach (var m in step.Members)
            Level[m] = LevelOf(m);
        Last = Level.Count == 0 ? 0 : Level.Values.Max();
        foreach (var m in step.Members)
            _chain[m] = ChainOf(m);
        foreach (var m in Enumerable.Reverse(step.Members))
            Need(m);
    }

    /// <summary>Gives the first phase in which a member can be computed.</summary>
    public Dictionary<Expr, int> Level { get; } = [];

    /// <summary>Gives the last phase.</summary>
    public int Last { get; }

    /// <summary>Gives the phase whose column loop feeds a reduction.</summary>
    public int FedAt(Expr reduction) => LevelOfOperand(reduction.Operands[0]);

    /// <summary>Tells whether a full value is computed in the column loop of a phase.</summary>
    public bool IsComputed(Expr m, int level) => IsPerElement(m) && IsNeeded(m, level) && (Level[m] == level || IsCheap(m));

    /// <summary>Tells whether a full value is read back in the column loop of a phase.</summary>
    public bool IsReloaded(Expr m, int level) => IsPerElement(m) && IsNeeded(m, level) && Level[m] != level && !IsCheap(m);

    /// <summary>Tells whether a full value must be kept in scratch for a later phase.</summary>
    public bool IsKept(Expr m) => !_step.Stored.Contains(m) && !IsCheap(m) && (_needed.GetValueOrDefault(m) & ~(1UL << Level[m])) != 0;

    /// <summary>Tells whether a member is computed once per element.</summary>
    public bool IsPerElement(Expr m) => _step.Roles[m] == Role.Full;

    /// <summary>Tells whether a member is computed once per row from other values of the row, at the start of a phase.</summary>
    public bool IsPerRow(Expr m, int level) => _step.Roles[m] == Role.Row && m.Op is not Reduction && Level[m] == level;

    /// <summary>Tells whether a member folds a row.</summary>
    public bool IsRowFold(Expr m) => _step.Roles[m] == Role.Row && m.Op is Reduction;

    /// <summary>Tells whether a member folds all rows column by column.</summary>
    public bool IsColumnFold(Expr m) =>
        _step.Roles[m] == Role.Tail && IsElementFold(m) && Geometry.Fold(m.Operands[0].Shape, ((Reduction)m.Op).Axes).Inner > 1;

    /// <summary>Tells whether a reduction folds a value that each element has.</summary>
    public bool IsElementFold(Expr reduction) =>
        _step.Roles.GetValueOrDefault(Geometry.Source(reduction.Operands[0]), Role.Full) == Role.Full;

    /// <summary>Tells whether any member is computed once per row.</summary>
    public bool HasRows => _step.Roles.ContainsValue(Role.Row);

    /// <summary>Tells whether no phase reads a buffer after the one that stores a full value.</summary>
    public bool IsReadBefore(Expr buffer, Expr value) =>
        IsPerElement(value)
        && _step
            .Members.Where(m => m.Operands.Any(o => Geometry.Source(o) == buffer))
            .All(m =>
                (
                    m.Op is Reduction ? FedAt(m)
                    : IsPerElement(m) ? LastNeeded(m)
                    : Last
                ) <= Level[value]
            );

    /// <summary>Gives the last phase that computes a full value.</summary>
    public int LastNeeded(Expr m) =>
        !IsCheap(m) || _needed.GetValueOrDefault(m) == 0 ? Level[m] : 63 - System.Numerics.BitOperations.LeadingZeroCount(_needed[m]);

    bool IsCheap(Expr m) => _chain[m] <= CheapChain;

    bool IsNeeded(Expr m, int level) => (_needed.GetValueOrDefault(m) >> level & 1) != 0;

    int LevelOfOperand(Expr operand) => Level.GetValueOrDefault(Geometry.Source(operand));

    int LevelOf(Expr m)
    {
        int level = m.Operands.Length == 0 ? 0 : m.Operands.Max(LevelOfOperand);
        return m.Op is Reduction && _step.Roles[m] == Role.Row ? level + 1 : level;
    }

    /// <summary>Counts the ops that recomputing a value would run, from loads on; a costly one is never cheap.</summary>
    int ChainOf(Expr m)
    {
        int own = m.Op is Exp or Expm1 or Log or Log1p or Tanh or Sigmoid or Erf or Sin or Cos or Pow or Div or Sqrt or Uniform
            ? CheapChain + 1
            : 1;
        return own + m.Operands.Select(Geometry.Source).Where(o => _chain.ContainsKey(o) && IsPerElement(o)).Sum(o => _chain[o]);
    }

    void Need(Expr m)
    {
        if (m.Op is Reduction)
        {
            if (IsMember(m.Operands[0], out var fed) && IsPerElement(fed))
                _needed[fed] = _needed.GetValueOrDefault(fed) | 1UL << FedAt(m);
            return;
        }
        if (!IsPerElement(m))
            return;
        if (_step.Stored.Contains(m))
            _needed[m] = _needed.GetValueOrDefault(m) | 1UL << Level[m];
        if (_needed.GetValueOrDefault(m) == 0)
            return;
        if (!IsCheap(m))
            _needed[m] |= 1UL << Level[m];
        ulong at = IsCheap(m) ? _needed[m] : 1UL << Level[m];
        foreach (var operand in m.Operands)
            if (IsMember(operand, out var o) && IsPerElement(o))
                _needed[o] = _needed.GetValueOrDefault(o) | at;
    }

    bool IsMember(Expr operand, out Expr source) => _step.Roles.ContainsKey(source = Geometry.Source(operand));
}
