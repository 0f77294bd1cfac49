using System.Globalization;
using System.Text;

namespace Cv.Compiler;

/// <summary>Prints a schedule: each kernel with its cost and its nodes, how often each runs, and which leave it.</summary>
static class ScheduleText
{
    public static string Of(Schedule schedule)
    {
        var names = Dump.Names(schedule.Graph.Nodes.Concat(schedule.Steps.SelectMany(s => s.Members.Concat(s.Prologue))).Distinct());
        var text = new StringBuilder();
        var total = schedule.Steps.Aggregate(default(Cost), (sum, step) => sum + Cost.Of(step));
        text.Append(
            CultureInfo.InvariantCulture,
            $"== schedule: {schedule.Steps.Length} kernels, {schedule.InPlace.Count} updates in place, {total}\n"
        );
        foreach (var step in schedule.Steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Kind(step)}: {Cost.Of(step)}\n");
            foreach (var m in step.Prologue)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  {names[m]} : {m.Type} = {m.Op.Name}{m.Op.Attributes}{Dump.Operands(m, names)} (as it is copied)\n"
                );
            foreach (var m in step.Members)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  {names[m]} : {m.Type} = {m.Op.Name}{m.Op.Attributes}{Dump.Operands(m, names)} ({step.Roles[m].ToString().ToLowerInvariant()}{(step.Stored.Contains(m) ? ", stored" : "")})\n"
                );
        }
        return text.ToString();
    }

    static string Kind(Step step) =>
        step switch
        {
            LoopStep loop => string.Create(
                CultureInfo.InvariantCulture,
                $"loop {loop.Size}{(loop.Columns == 0 ? "" : $" in rows of {loop.Columns}")}"
            ),
            GemmStep => "product",
            ConvStep => "convolution",
            ConvWeightsStep => "filters' gradient",
            PoolStep => "windows",
            MoveStep => "move",
            ScanStep => "scan",
            _ => step.GetType().Name,
        };
}
