using Cv.Dsl;

namespace Cv.Compiler;

// what fits a step that exists, and how its operands come into reach
sealed partial class Fuse
{
    bool TryJoin(Step step, Expr e)
    {
        if (step.Members.Count + MaxFloating > MaxMembers || step.IsClosed || IsFloatCast(e) || !SameLanes(step, e))
            return false;
        bool joined = step switch
        {
            TileStep tile => TryEpilogue(tile, e),
            LoopStep loop => e.Op is Reduction ? TryReach(loop, e) && TryFold(loop, e) : TryExtend(loop, e),
            _ => false,
        };
        if (!joined)
            return false;
        _home[e] = step;
        foreach (var operand in e.Operands)
            if (Geometry.Source(operand) is var source && !step.Roles.ContainsKey(source))
                _isRead.Add(source);
        return true;
    }

    /// <summary>Brings what a reduction folds into a loop, where it floats; tells whether it can be had there.</summary>
    bool TryReach(LoopStep loop, Expr e)
    {
        var operand = e.Operands[0];
        if (loop.Roles.ContainsKey(Geometry.Source(operand)))
            return true;
        if (loop.Size != operand.Shape.Size || !CanReach(loop, operand, operand.Shape, Role.Full))
            return false;
        bool floats = _floating.ContainsKey(Geometry.Source(operand));
        Import(loop, operand, operand.Shape, Role.Full);
        return !floats || loop.Roles.ContainsKey(Geometry.Source(operand));
    }

    /// <summary>Adds an elementwise node to the tile loop of a product of its own shape, or of one that is the same matrix.</summary>
    bool TryEpilogue(TileStep tile, Expr e)
    {
        if (e.Op is Reduction || !FitsTile(tile, e) || !e.Operands.All(o => CanReach(tile, o, e.Shape, Role.Full)))
            return false;
        foreach (var operand in e.Operands)
            Import(tile, operand, e.Shape, Role.Full);
        Include(tile, e, Role.Full);
        return true;
    }

    /// <summary>Tells whether a node is the product's matrix, whatever dims its rows have, and its operands can be had tile by tile.</summary>
    static bool FitsTile(TileStep tile, Expr e)
    {
        var shape = tile.Product.Shape;
        if (e.Shape.Size != shape.Size || e.Shape.Rank == 0 || e.Shape.Dims[^1] != shape.Dims[^1])
            return false;
        foreach (var operand in e.Operands)
        {
            bool inside = tile.Roles.ContainsKey(Geometry.Source(operand));
            if (inside ? operand.Shape != e.Shape : !tile.Takes(operand, e.Shape))
                return false;
        }
        return true;
    }

    /// <summary>Tells whether the operands of a node can be had in a loop that computes it in a role.</summary>
    static bool FitsLoop(LoopStep loop, Expr e, Role role)
    {
        foreach (var operand in e.Operands)
        {
            bool inside = loop.Roles.TryGetValue(Geometry.Source(operand), out var has);
            bool fits = (role, inside, has) switch
            {
                (_, true, Role.One) => true,
                (Role.Full, true, Role.Full) => operand.Shape == e.Shape,
                (Role.Full, true, Role.Row) => Geometry.IsPerRow(operand.Shape, e.Shape, loop.Columns),
                (Role.Full, false, _) => loop.Columns == 0 || Geometry.ColumnStride(operand, e.Shape, loop.Columns) is not null,
                (Role.Row, true, Role.Row) => operand.Shape == e.Shape,
                (Role.Row, false, _) => true,
                _ => false,
            };
            if (!fits)
                return false;
        }
        return true;
    }

    bool TryExtend(LoopStep loop, Expr e)
    {
        Role role;
        if (e.Shape.Size == loop.Size)
            role = Role.Full;
        else if (loop.Columns != 0 && e.Shape.Size == loop.Size / loop.Columns)
            role = Role.Row;
        else
            return false;
        if (!FitsLoop(loop, e, role) || !e.Operands.All(o => CanReach(loop, o, e.Shape, role)))
            return false;
        foreach (var operand in e.Operands)
            Import(loop, operand, e.Shape, role);
        Include(loop, e, role);
        return true;
    }

    /// <summary>Adds a reduction of a value in the loop: along rows, or across them.</summary>
    static bool TryFold(LoopStep loop, Expr e)
    {
        var operand = e.Operands[0];
        var (outer, folded, inner) = Geometry.Fold(operand.Shape, ((Reduction)e.Op).Axes);
        bool inside = loop.Roles.TryGetValue(Geometry.Source(operand), out var role);
        if (inside && role == Role.Row)
            return outer == 1 && inner == 1 && loop.Outer == 1 && Add(Role.Tail);
        if (inside && role != Role.Full)
            return false;
        if (!inside && loop.Columns != 0 && Geometry.ColumnStride(operand, operand.Shape, loop.Columns) is null)
            return false; // it is read, and no dim of it ends where the loop's rows do
        if (inner == 1 && outer == 1 && (loop.Columns == 0 ? folded > SmallFold : loop.Columns != folded))
            return loop.Outer == 1 && Add(Role.Tail);
        if (inner == 1)
            return Decide(loop, folded) ? Add(Role.Row) : outer == 1 && loop.Outer == 1 && Add(Role.Tail);
        bool tails = loop.Roles.ContainsValue(Role.Tail);
        if (!loop.IsStrided && (loop.Outer == outer || !tails) && Decide(loop, inner))
        {
            loop.Outer = outer;
            return Add(Role.Tail);
        }
        // what is read repeats within the columns: take a part of them at a time, with rows that lie scattered
        int part = loop.Columns != 0 ? loop.Columns : LoopGeometry.LongestRow(loop, inner);
        if (
            outer != 1
            || part < LeastPart
            || inner % part != 0
            || (tails && !(loop.IsStrided && loop.Outer == inner / part))
            || !Decide(loop, part)
        )
            return false;
        (loop.Outer, loop.IsStrided) = (inner / part, inner != part);
        return Add(Role.Tail);

        bool Add(Role as_)
        {
            Include(loop, e, as_);
            return true;
        }
    }

    /// <summary>Fixes the length of a row, if every value read from outside can be walked so.</summary>
    static bool Decide(LoopStep loop, int columns)
    {
        if (loop.Columns == columns)
            return true;
        if (loop.Columns != 0 || columns == 0)
            return false;
        foreach (var member in loop.Members)
        foreach (var operand in member.Operands)
            if (
                (loop.Roles[member] == Role.Full || member.Op is Reduction)
                && !loop.Roles.ContainsKey(Geometry.Source(operand))
                && Geometry.ColumnStride(operand, member.Op is Reduction ? operand.Shape : member.Shape, columns) is null
            )
                return false;
        loop.Columns = columns;
        return true;
    }

    /// <summary>
    /// Tells whether a step of the past can have an operand. What another step holds, that step must hold already: what a chain reads may have got a step of its own since the
    /// chain began to float. A mask that floats above later steps must be computed inside, for nothing can be put before the step any more. What floats above leaves alone can always
    /// be had.
    /// </summary>
    bool CanReach(Step step, Expr operand, Shape shape, Role role)
    {
        var source = Geometry.Source(operand);
        if (step.Roles.ContainsKey(source))
            return true;
        if (_home.TryGetValue(source, out var home))
            return home.Order <= step.Order;
        if (!_floating.TryGetValue(source, out var chain) || chain.After is null)
            return true;
        return RoleInside(step, operand, shape, role) is { } inner && source.Operands.All(o => CanReach(step, o, source.Shape, inner));
    }

    /// <summary>Gives the role in which a floating chain may be computed inside a step, or null.</summary>
    Role? RoleInside(Step step, Expr operand, Shape shape, Role role)
    {
        var source = Geometry.Source(operand);
        if (step.IsClosed || !SameLanes(step, source) || IsFloatCast(source))
            return null;
        // random numbers are drawn by the vector, along the elements of a loop
        if (IsRandom(source) && (step is not LoopStep || role != Role.Full || operand.Shape != shape || operand != source))
            return null;
        if (source.Shape == shape && operand == source)
            return step switch
            {
                TileStep tile when !FitsTile(tile, source) => null,
                LoopStep loop when !FitsLoop(loop, source, role) => null,
                _ => role,
            };
        // not in a product: the JIT would keep the constants of such a chain in registers that the tile needs
        return
            step is LoopStep
            && IsOne(source.Shape)
            && source.Operands.All(o => IsOne(o.Shape) && step.Roles.GetValueOrDefault(Geometry.Source(o), Role.One) == Role.One)
            ? Role.One
            : null;
    }

    /// <summary>Brings an operand into reach: computes a floating chain inside the step, or leaves it to be read.</summary>
    void Import(Step step, Expr operand, Shape shape, Role role)
    {
        var source = Geometry.Source(operand);
        if (step.Roles.ContainsKey(source) || !_floating.TryGetValue(source, out var chain))
            return;
        // what floats above leaves may also be read; a mask above other steps was found to fit before, and must stay
        bool full = chain.After is null && step.Members.Count + MaxFloating > MaxMembers;
        if (full || RoleInside(step, operand, shape, role) is not { } inner)
        {
            Materialise(source);
            return;
        }
        foreach (var next in source.Operands)
            Import(step, next, source.Shape, inner);
        Include(step, source, inner);
    }

    static void Include(Step step, Expr e, Role role)
    {
        step.Members.Add(e);
        step.Roles[e] = role;
        step.Lane ??= Lane(e);
    }

    static bool IsOne(Shape shape) => shape.Size == 1;

    static bool IsFloatCast(Expr e) => e is (Cast, [var x]) && e.DType.IsFloat() && x.DType.IsFloat();

    /// <summary>Tells whether a node computes in the float type of the step: one kernel has one width of lane.</summary>
    static bool SameLanes(Step step, Expr e) => Lane(e) is not { } lane || step.Lane is not { } other || other == lane;

    static DType? Lane(Expr e) =>
        e.DType.IsFloat() ? e.DType : e.Operands.Select(o => o.DType).Where(d => d.IsFloat()).Select(d => (DType?)d).FirstOrDefault();
}
